/**
 * Parameters as spreads, with or without what one lab has measured: what a prediction for that lab may rest on.
 *
 * The rule: a fitted parameter has the value of a fit without the lab; a parameter that rests on that lab alone has the
 * median and the range of its class; all others stay as they are.
 */
import { type Draws, type Spread, spreadAt } from '../base/draws.ts';
import { keysOf, mapValues } from '../base/keys.ts';
import { type DeviceFigures, type DeviceProfile, figuresBy, type ProfileFigure } from './device-profile.ts';
import { VMM_PARAMETER, type VmmParameterName, type VmmParameters } from './parameters.ts';

export type ParameterSpreads = Readonly<Record<VmmParameterName, Spread>>;

/** Values by the names of fitted parameters. */
export type FittedValues = Readonly<Record<string, number>>;

/** @param without the lab whose measurements are left out, with the values of the fit without it; undefined: none */
export function parameterSpreads(without?: { readonly lab: string; readonly values: FittedValues }): ParameterSpreads {
  return mapValues(VMM_PARAMETER, ({ value, short, long, least, most, evidence }, name): Spread => {
    const [low, high] = short < long ? [short, long] : [long, short];
    if (without === undefined) return { value, low, high };
    if (restsOn(evidence, without.lab)) return { value: Math.sqrt(least * most), low: least, high: most };
    const fitted = without.values[name] ?? value;
    return { value: fitted, low: (low / value) * fitted, high: (high / value) * fitted };
  });
}

/** Parameters that a fold takes from their class. */
export function unsupported(lab: string): readonly VmmParameterName[] {
  return keysOf(VMM_PARAMETER).filter((name) => restsOn(VMM_PARAMETER[name].evidence, lab));
}

function restsOn(evidence: readonly string[], lab: string): boolean {
  return evidence.length > 0 && evidence.every((each) => each === lab);
}

/** The parameters of one draw. */
export function drawnParameters(spreads: ParameterSpreads, draws: Draws, draw: number): VmmParameters {
  return mapValues(spreads, (spread, name) =>
    spread.low === spread.high ? spread.value : spreadAt(spread, draws.uniform(name, draw)),
  );
}

/**
 * A profile's figures of one draw. Figures of one profile are drawn apart.
 *
 * @param without the lab whose measurements are left out; undefined: none
 */
export function drawnFigures(profile: DeviceProfile, draws: Draws, draw: number, without?: string): DeviceFigures {
  return figuresBy(profile, (figure, name) => {
    const spread = figureSpread(figure, without);
    return spread.low === spread.high ? spread.value : spreadAt(spread, draws.uniform(`${profile.id}.${name}`, draw));
  });
}

/** As for parameters: a figure that rests on that lab alone is anything that it may be at all. */
export function figureSpread({ value, range, evidence, unmeasured }: ProfileFigure, without?: string): Spread {
  if (without !== undefined && unmeasured !== undefined && restsOn(evidence ?? [], without)) {
    return {
      value: Math.sqrt(unmeasured[0] * unmeasured[1]),
      low: Math.min(...unmeasured),
      high: Math.max(...unmeasured),
    };
  }
  return { value, low: Math.min(...range, value), high: Math.max(...range, value) };
}
