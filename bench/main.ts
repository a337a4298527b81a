#!/usr/bin/env node
console.log('stopcopy');
