/**
 * The page of `stopcopy ui`: one HTML file with model, scenarios and profiles in it. It computes for itself, so that it works
 * from a disk as well as from the server.
 */
import type { MeasuredTable } from '../../sim/device/costs.ts';
import type { Scenario } from '../../sim/scenario/document.ts';
import type { DeviceProfile } from '../../sim/memory/device-profile.ts';
import { INTERVAL_WORDS } from '../show/figure.ts';
import { html, jsonForScript, raw } from '../show/html.ts';
import { STYLE } from '../show/style.ts';
import { KNOB_NAMES, KNOBS } from './knobs.ts';
import { UI_STYLE } from './style.ts';

/** What the page knows. */
export interface UiData {
  readonly version: string;
  /** A user's own cost table; null: that of the package. */
  readonly costs: MeasuredTable | null;
  /** The scenario that it opens with. */
  readonly first: string;
  readonly scenarios: readonly Scenario[];
  /** By the words that the scenarios use. */
  readonly profiles: Readonly<Record<string, DeviceProfile>>;
}

/** Nothing is fetched; the model computes in a worker that is made of the page's own program. */
export const UI_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; worker-src blob:; base-uri 'none'; " +
  "form-action 'none'";

/** @param program the bundle of bench/ui/client */
export function uiPage(data: UiData, program: string): string {
  const options = data.scenarios.map(({ name }) => html`<option value="${name}">${name}</option>`);
  const sliders = KNOB_NAMES.map((name) => {
    const { title, about } = KNOBS[name];
    return html`<div class="knob" id="knob-${name}">
      <label for="${name}">${title}</label>
      <output for="${name}" id="${name}-value"></output>
      <input type="range" id="${name}" name="${name}" min="0" max="1" step="1" value="0" aria-describedby="${name}-about" />
      <p class="about" id="${name}-about">${about}</p>
    </div>`;
  });
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${raw(UI_POLICY)}" />
        <meta name="color-scheme" content="light dark" />
        <title>stopcopy: how long is the VM paused?</title>
        <style>
          ${raw(STYLE + UI_STYLE)}
        </style>
      </head>
      <body class="ui">
        <a class="skip" href="#answer">Skip to the answer</a>
        <header>
          <h1>How long is the VM paused?</h1>
        </header>
        <main>
          <form class="knobs" aria-label="Settings" autocomplete="off">
            <div class="pick">
              <label for="scenario">Scenario</label>
              <select id="scenario">
                ${options}
              </select>
              <p class="about" id="description"></p>
            </div>
            ${sliders}
            <div class="buttons">
              <button type="button" id="reset">As in the scenario</button>
              <button type="button" id="copy">Copy link</button>
              <button type="button" id="save">Save as scenario</button>
            </div>
            <p class="about" id="said" role="status"></p>
          </form>
          <div id="answer" tabindex="-1">
            <div id="verdict" class="sticky"></div>
            <p id="spoken" class="unseen" role="status"></p>
            <section id="pause" aria-label="Pause"></section>
            <section id="curve" aria-label="Pause against the slider"></section>
            <section id="rounds" aria-label="Iterations"></section>
            <section id="influence" aria-label="Sensitivity"></section>
          </div>
        </main>
        <footer>
          stopcopy ${data.version}. [modelled]: ${INTERVAL_WORDS}. This page computes for itself and needs no network;
          settings stand in its address.${data.costs === null ? '' : ` Costs of the device: ${data.costs.name}. ${data.costs.notes.join(' ')}`}
        </footer>
        <noscript><p class="lead warning">This page computes in the browser: it needs JavaScript.</p></noscript>
        <script type="application/json" id="data">
          ${jsonForScript(data)}
        </script>
        <script id="program">
          ${raw(program)};
        </script>
      </body>
    </html> `.text;
}
