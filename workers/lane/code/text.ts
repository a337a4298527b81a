/**
 * The two ends of a lone read in WebAssembly text: the words of shared-map.ts, handed over and polled without a call per poll.
 * In JavaScript each atomic access is a call, and what is called in between is compiled now well, now badly: a read
 * took 1.1 to 1.4 times as long as two threads need that only pass a word back and forth.
 *
 * What runs is binary.ts, made of this by `npm run lane-code`.
 */
import { PF_PAGE_WORDS, PF_PAGES_MAX, PF_UNMAPPED } from '../../../sim/device/register-file.ts';
import { ANSWER_WORDS, HOSTS_MAX, LANE, LANE_WORDS, MAP, OPERATION } from '../shared-map.ts';
import { FOUND } from './code.ts';

const BYTES = 4;
/**
 * Polls of the lane that was served last, for each poll of another: a thread that asked once asks again as soon as it has the
 * answer, and a loop that does nothing else sees that soonest.
 */
const HOT_POLLS = 48;
/** Reads of one lane that are answered before the next one has its turn. */
const ANSWERS_MOST = 64;
const PAGE_SHIFT = Math.log2(BYTES * PF_PAGE_WORDS);

/** Where a word is, in bytes. */
const at = (word: number): string => `offset=${BYTES * word}`;
const local = (name: string): string => `(local.get $${name})`;
const constant = (value: number): string => `(i32.const ${value})`;
/** Ends `serve` where the device itself has to be asked. */
const handBackIf = (condition: string): string => `(br_if $handBack ${condition})`;

/** The module. Addresses are in bytes. */
export const LANE_CODE_TEXT: string = `(module
  (import "map" "memory" (memory 1 65536 shared))

  ;; The device thread's end. A pass is one visit to each lane, and a longer one to the lane that was served last.
  (func (export "serve") (param $lanes i32) (param $rounds i32) (result i32)
    (local $result i32) (local $index i32) (local $lane i32) (local $seen i32) (local $polls i32) (local $answersLeft i32)
    (local $count i32) (local $word i32) (local $offset i32) (local $host i32) (local $answers i32) (local $register i32)
    (local.set $result ${constant(FOUND.nothing)})
    (block $handBack
      (loop $visit
        (local.set $index (i32.load ${at(MAP.nextLane)} ${constant(0)}))
        (if (i32.lt_u ${local('index')} ${local('lanes')})
          (then
            (i32.store ${at(MAP.nextLane)} ${constant(0)} (i32.add ${local('index')} ${constant(1)}))
            (local.set $polls ${constant(1)}))
          (else
            (i32.store ${at(MAP.nextLane)} ${constant(0)} ${constant(0)})
            (local.set $index (i32.load ${at(MAP.hotLane)} ${constant(0)}))
            (local.set $rounds (i32.sub ${local('rounds')} ${constant(1)}))
            (local.set $polls ${constant(HOT_POLLS)})))
        (local.set $lane (i32.add ${constant(BYTES * MAP.firstLane)} (i32.mul ${local('index')} ${constant(BYTES * LANE_WORDS)})))
        (local.set $seen (i32.load ${at(MAP.consumed)} (i32.mul ${local('index')} ${constant(BYTES)})))
        (local.set $answersLeft ${constant(ANSWERS_MOST)})
        (loop $poll
          (local.set $count (i32.atomic.load ${at(LANE.produced)} ${local('lane')}))
          (if (i32.eq ${local('count')} ${local('seen')})
            (then (br_if $poll (local.tee $polls (i32.sub ${local('polls')} ${constant(1)}))))
            (else
              (i32.store ${at(MAP.hotLane)} ${constant(0)} ${local('index')})
              ${handBackIf(`(i32.ne ${local('count')} (i32.add ${local('seen')} ${constant(1)}))`)}
              ;; A 32-bit read of the PF, function 0, of whatever host; and of this very access, when it carries its count.
              (local.set $word (i32.load ${at(LANE.lastOperation)} ${local('lane')}))
              ${handBackIf(`(i32.ne
                (i32.and ${local('word')} ${constant(0xff00ffff)})
                (i32.or (i32.shl ${local('count')} ${constant(24)}) ${constant(OPERATION.read32)}))`)}
              (local.set $host (i32.and (i32.shr_u ${local('word')} ${constant(16)}) ${constant(0xff)}))
              ${handBackIf(`(i32.ge_u ${local('host')} ${constant(HOSTS_MAX)})`)}
              (local.set $host (i32.mul ${local('host')} ${constant(BYTES)}))
              (local.set $answers (i32.load ${at(MAP.answers)} ${local('host')}))
              ${handBackIf(`(i32.eqz ${local('answers')})`)}
              ;; Its page, the place of that in the register file, and whether the word there is the answer.
              (local.set $offset (i32.load ${at(LANE.lastOffset)} ${local('lane')}))
              (local.set $register (i32.shr_u ${local('offset')} ${constant(PAGE_SHIFT)}))
              ${handBackIf(`(i32.ge_u ${local('register')} ${constant(PF_PAGES_MAX)})`)}
              (local.set $register
                (i32.load8_u offset=${ANSWER_WORDS.slots} (i32.add ${local('answers')} ${local('register')})))
              ${handBackIf(`(i32.eq ${local('register')} ${constant(PF_UNMAPPED)})`)}
              (local.set $register (i32.add
                (i32.mul ${local('register')} ${constant(PF_PAGE_WORDS)})
                (i32.and (i32.div_u ${local('offset')} ${constant(BYTES)}) ${constant(PF_PAGE_WORDS - 1)})))
              ${handBackIf(`(i32.eqz
                (i32.load8_u offset=${ANSWER_WORDS.plain} (i32.add ${local('answers')} ${local('register')})))`)}
              (i32.store ${at(LANE.reply)} ${local('lane')} (i32.load (i32.add
                (i32.load ${at(MAP.registers)} ${local('host')})
                (i32.mul ${local('register')} ${constant(BYTES)}))))
              (i32.atomic.store ${at(LANE.consumed)} ${local('lane')} ${local('count')})
              (if (i32.atomic.load ${at(LANE.asleep)} ${local('lane')}) (then
                (drop (memory.atomic.notify ${at(LANE.consumed)} ${local('lane')} ${constant(-1)}))))
              (local.set $seen ${local('count')})
              (i32.store ${at(MAP.consumed)} (i32.mul ${local('index')} ${constant(BYTES)}) ${local('seen')})
              (local.set $result ${constant(FOUND.answered)})
              ;; A thread that asked asks again as soon as it has the answer.
              (local.set $polls ${constant(HOT_POLLS)})
              (br_if $poll (local.tee $answersLeft (i32.sub ${local('answersLeft')} ${constant(1)}))))))
        (br_if $visit ${local('rounds')}))
      (return ${local('result')}))
    ${local('index')})

  ;; The asking end.
  (func (export "ask") (param $lane i32) (param $word i32) (param $offset i32) (param $count i32) (param $polls i32)
    (result i32)
    (i32.store ${at(LANE.lastOperation)} ${local('lane')} ${local('word')})
    (i32.store ${at(LANE.lastOffset)} ${local('lane')} ${local('offset')})
    (i32.atomic.store ${at(LANE.produced)} ${local('lane')} ${local('count')})
    (if (i32.atomic.load ${at(MAP.serviceAsleep)} ${constant(0)}) (then
      (drop (i32.atomic.rmw.add ${at(MAP.wake)} ${constant(0)} ${constant(1)}))
      (drop (memory.atomic.notify ${at(MAP.wake)} ${constant(0)} ${constant(-1)}))))
    (block $giveUp
      (loop $poll
        (br_if $giveUp (i32.eqz ${local('polls')}))
        (if (i32.eq (i32.atomic.load ${at(LANE.consumed)} ${local('lane')}) ${local('count')}) (then
          (return ${constant(1)})))
        (local.set $polls (i32.sub ${local('polls')} ${constant(1)}))
        (br $poll)))
    ${constant(0)}))
`;
