/**
 * The parts of one accelerator, made in the order in which they need one another.
 */
import { PF_REG } from '../abi/registers.ts';
import type { AcceleratorSettings } from './accelerator-config.ts';
import { Doorbells } from './doorbells.ts';
import { Engine } from './engine.ts';
import { Faults } from './faults.ts';
import { Functions } from './functions.ts';
import { HeldRegisters } from './held-registers.ts';
import { InterruptQueues } from './interrupt-queues.ts';
import { Mailbox } from './mailbox.ts';
import { Messages } from './messages.ts';
import { PfRegisters } from './pf-registers.ts';
import { Queues } from './queues.ts';
import { RasStatus } from './ras-status.ts';
import { RegisterFile } from './register-file.ts';
import { TIMER, Timers } from './timers.ts';
import { VftWindow } from './vft-window.ts';
import { WriteBack } from './write-back.ts';

/** What the parts that act share: state of the device, and parts that only keep it. */
interface DeviceState {
  readonly registers: RegisterFile;
  readonly functions: Functions;
  readonly timers: Timers;
  readonly held: HeldRegisters;
  readonly ras: RasStatus;
  readonly vft: VftWindow;
  readonly events: InterruptQueues;
  readonly queues: Queues;
  readonly messages: Messages;
  readonly faults: Faults;
}

interface DeviceParts extends DeviceState {
  readonly engine: Engine;
  readonly mailbox: Mailbox;
  readonly doorbells: Doorbells;
  readonly writeBack: WriteBack;
  readonly pf: PfRegisters;
}

/** @param onTimer called after a fault has started a timer from outside of any access */
export function makeParts(settings: AcceleratorSettings, onTimer: () => void): DeviceParts {
  const { facts, hardware, costs, inFlight } = settings;
  const state = makeState(settings, onTimer);
  const engine = new Engine(state, settings.engine, facts.sqeBytes);
  const { registers, timers } = state;
  engine.onDoorbellStuck = (fn, queue, nowNs) => {
    const timeoutNs = registers.pf(PF_REG.QM_DB_TIMEOUT_CFG);
    if (timeoutNs > 0) timers.start(TIMER.doorbellTimeout, fn, queue, nowNs + timeoutNs);
  };
  return {
    ...state,
    engine,
    mailbox: new Mailbox({ ...state, engine, costs, inFlight }),
    doorbells: new Doorbells({ ...state, engine }),
    writeBack: new WriteBack({ ...state, costs }),
    pf: new PfRegisters({ ...state, engine, facts, costs, hardware }),
  };
}

function makeState({ vfCount, registers: store, hardware }: AcceleratorSettings, onTimer: () => void): DeviceState {
  const functions = new Functions();
  const timers = new Timers();
  const registers = new RegisterFile(vfCount, store);
  const held = new HeldRegisters(registers);
  const ras = new RasStatus(registers, functions);
  const vft = new VftWindow(registers);
  const events = new InterruptQueues(registers, functions, ras);
  const queues = new Queues(functions, vft);
  const messages = new Messages(registers, functions, held, hardware);
  const faults = new Faults((fn, register, bits, untilNs) => {
    held.force(fn, register, bits, untilNs);
    timers.start(TIMER.faultEnds, fn, register, untilNs);
    onTimer();
  });
  return { registers, functions, timers, held, ras, vft, events, queues, messages, faults };
}
