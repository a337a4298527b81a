/**
 * The page: sliders, the address, and the answer that follows them.
 */
import { countOf } from '../../../sim/base/units.ts';
import { useMeasuredCosts } from '../../../sim/device/costs.ts';
import { assumedSentence } from '../../../sim/manager/can-answer.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type Scenario, writtenScenario } from '../../../sim/scenario/document.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { type Markup, html } from '../../show/html.ts';
import { type UiAnswer, answerOf, pausesAlong, type Play, compiledOf, playKey } from '../answer.ts';
import {
  applySettings,
  hasKnob,
  KNOB_NAMES,
  type KnobName,
  KNOBS,
  linkOf,
  nearest,
  placesOf,
  readLink,
  type Settings,
} from '../knobs.ts';
import type { UiData } from '../page.ts';
import {
  curveSection,
  headlineMarkup,
  influenceSection,
  pauseMarkup,
  roundsSection,
  verdictMarkup,
  verdictOf,
} from '../view.ts';
import { Plays } from './plays.ts';

/** A voice is not interrupted while a slider moves. */
const SPEAK_AFTER_MS = 700;
/** Registers are played once a slider has come to rest. */
const PLAY_AFTER_MS = 60;

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no ${id}.`);
  return found;
}

function sliderOf(name: KnobName): HTMLInputElement {
  return element(name) as HTMLInputElement;
}

function scenarioPicker(): HTMLSelectElement {
  return element('scenario') as HTMLSelectElement;
}

export function startPage(): void {
  const data = JSON.parse(element('data').textContent ?? '') as UiData;
  if (data.costs !== null) useMeasuredCosts(data.costs);
  new Page(data).start();
}

class Page {
  private readonly data: UiData;
  private readonly scenarios: ReadonlyMap<string, Scenario>;
  private readonly profiles;
  private readonly plays: Plays;
  private readonly known = new Map<string, Play>();
  private latest: Play | undefined;
  private scenario: Scenario;
  private settings: Settings = {};
  private knob: KnobName = 'gbit';
  private playTimer: ReturnType<typeof setTimeout> | undefined;
  private speakTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(data: UiData) {
    this.data = data;
    this.scenarios = new Map(data.scenarios.map((scenario) => [scenario.name, scenario]));
    this.profiles = new Map(Object.entries(data.profiles));
    this.scenario = this.scenarios.get(data.first)!;
    this.plays = new Plays(element('program').textContent ?? '', (reply) => {
      if ('play' in reply) {
        this.known.set(reply.key, reply.play);
        this.show();
      } else this.state(`The registers could not be played: ${reply.failed}`, false);
    });
  }

  start(): void {
    scenarioPicker().addEventListener('change', ({ target }) => {
      this.open(target instanceof HTMLSelectElement ? target.value : this.data.first, {});
    });
    for (const name of KNOB_NAMES) {
      const slider = sliderOf(name);
      slider.addEventListener('input', () => this.turn(name, Number(slider.value)));
      slider.addEventListener('focus', () => this.look(name));
    }
    element('reset').addEventListener('click', () => this.open(this.scenario.name, {}));
    element('copy').addEventListener('click', () => void this.copyLink());
    element('save').addEventListener('click', () => this.save());
    addEventListener('hashchange', () => this.fromAddress());
    this.fromAddress();
  }

  private fromAddress(): void {
    const { scenario, settings } = readLink(location.hash, this.scenarios, this.data.first);
    this.open(scenario, settings);
  }

  private open(name: string, settings: Settings): void {
    this.scenario = this.scenarios.get(name)!;
    this.settings = settings;
    scenarioPicker().value = name;
    const assumed = assumedSentence(this.scenario.assume ?? {});
    element('description').textContent = `${this.scenario.description}.${assumed === null ? '' : ` ${assumed}`}`;
    for (const knob of KNOB_NAMES) this.place(knob);
    // A link restores the curve of the slider that was moved.
    this.knob = KNOB_NAMES.findLast((knob) => settings[knob] !== undefined) ?? 'gbit';
    this.show();
  }

  /** Puts a slider where the setting is. */
  private place(name: KnobName): void {
    const slider = sliderOf(name);
    element(`knob-${name}`).hidden = !hasKnob(name, this.scenario);
    const places = placesOf(name, this.scenario);
    const value = this.settings[name] ?? KNOBS[name].of(this.scenario);
    slider.max = String(places.length - 1);
    slider.value = String(places.indexOf(nearest(places, value)));
    this.tell(name, value);
  }

  private tell(name: KnobName, value: number): void {
    const words = KNOBS[name].format(value, applySettings(this.scenario, this.settings));
    element(`${name}-value`).textContent = words;
    element(name).setAttribute('aria-valuetext', words);
    element(`knob-${name}`).classList.toggle('turned', this.settings[name] !== undefined);
  }

  private turn(name: KnobName, place: number): void {
    const value = placesOf(name, this.scenario)[place]!;
    const { [name]: _before, ...others } = this.settings;
    this.settings = value === KNOBS[name].of(this.scenario) ? others : { ...others, [name]: value };
    this.knob = name;
    this.tell(name, value);
    this.show();
  }

  private look(name: KnobName): void {
    if (this.knob === name) return;
    this.knob = name;
    this.show();
  }

  private get asked(): Scenario {
    return applySettings(this.scenario, this.settings);
  }

  /** The plan, or the sentence that says why there is none. */
  private plan(scenario: Scenario): CompiledScenario | UserError {
    try {
      return compiledOf(scenario, this.profiles);
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
  }

  private show(): void {
    history.replaceState(null, '', `#${linkOf(this.scenario.name, this.settings)}`);
    const plan = this.plan(this.asked);
    clearTimeout(this.playTimer);
    if (plan instanceof UserError) {
      this.plays.forget();
      return this.refuse(plan);
    }
    const key = playKey(plan);
    const exact = this.known.get(key);
    if (exact !== undefined) this.latest = exact;
    else {
      const { profiles, costs } = this.data;
      const question = { key, scenario: this.asked, profiles, costs };
      this.playTimer = setTimeout(() => this.plays.ask(question), PLAY_AFTER_MS);
    }
    const answer = answerOf(plan, exact ?? this.latest, exact !== undefined);
    if (answer === undefined) return this.wait();
    return this.tellAnswer(answer, exact !== undefined);
  }

  private tellAnswer(answer: UiAnswer, exact: boolean): void {
    const verdict = verdictOf(answer);
    fill('verdict', html`${headlineMarkup(answer)}${verdictMarkup(verdict)}${stateMarkup}`);
    fill('pause', pauseMarkup(answer));
    fill('rounds', roundsSection(answer));
    fill('influence', influenceSection(answer));
    fill('curve', this.curve(answer));
    const tasks =
      answer.wrongTasks === undefined || this.asked.devices.length === 0
        ? ''
        : answer.wrongTasks === 0
          ? ' No task was lost [exact].'
          : ` ${countOf(answer.wrongTasks, 'task was', 'tasks were')} lost [exact].`;
    const words = exact ? `Registers played at this setting.${tasks}` : 'Playing the registers at this setting…';
    this.state(words, !exact);
    if (exact) this.speak(`${verdict.mark}. ${verdict.text}`);
  }

  private curve(answer: UiAnswer): Markup | undefined {
    const { knob, scenario, settings } = this;
    const { title, format, playsRegisters, of } = KNOBS[knob];
    if (answer.influences.length === 0 && answer.point.kind === 'moved') return undefined;
    if (answer.vms > 1 || playsRegisters || scenario.faults.length > 0) return undefined;
    const places = placesOf(knob, scenario);
    const plans = places.map((place) => {
      const plan = this.plan(applySettings(scenario, { ...settings, [knob]: place }));
      return plan instanceof UserError ? null : plan;
    });
    return curveSection({
      title,
      places,
      pauses: pausesAlong(plans, this.latest),
      at: places.indexOf(nearest(places, settings[knob] ?? of(scenario))),
      budgetNs: answer.budgetNs,
      format: (value) => format(value, this.asked),
    });
  }

  private refuse({ message, hint }: UserError): void {
    const text = `${message.replace(/^[^:]*: /, '')}. ${hint ?? ''}`;
    fill(
      'verdict',
      html`<p class="big">no move</p>
        ${verdictMarkup({ tone: 'bad', mark: 'Cannot be', text })}${stateMarkup}`,
    );
    for (const id of ['pause', 'rounds', 'influence', 'curve']) fill(id, undefined);
    this.state('', false);
    this.speak(`Cannot be. ${text}`);
  }

  private wait(): void {
    fill('verdict', html`<p class="big">…</p>${stateMarkup}`);
    for (const id of ['pause', 'rounds', 'influence', 'curve']) fill(id, undefined);
    this.state('Playing the whole scenario: faults and many VMs leave no shorter way…', true);
  }

  private state(words: string, computing: boolean): void {
    element('answer').classList.toggle('computing', computing);
    element('answer').setAttribute('aria-busy', String(computing));
    document.querySelector('.state')!.textContent = words;
  }

  private speak(words: string): void {
    clearTimeout(this.speakTimer);
    this.speakTimer = setTimeout(() => {
      if (element('spoken').textContent !== words) element('spoken').textContent = words;
    }, SPEAK_AFTER_MS);
  }

  private async copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(location.href);
      element('said').textContent = 'The link is in the clipboard.';
    } catch {
      element('said').textContent = 'The clipboard is closed to this page; the link stands in the address bar.';
    }
  }

  /** The settings as a scenario that `stopcopy run` plays. */
  private save(): void {
    const name = `${this.scenario.name}-turned`;
    const text = `${JSON.stringify(writtenScenario({ ...this.asked, name }), undefined, 2)}\n`;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    link.download = `${name}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    element('said').textContent = `Saved; play it with: stopcopy run ${name}.json`;
  }
}

const stateMarkup = html`<p class="state"></p>`;

function fill(id: string, markup: Markup | undefined): void {
  element(id).innerHTML = markup?.text ?? '';
}
