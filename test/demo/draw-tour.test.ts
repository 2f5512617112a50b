import assert from "node:assert/strict";
import { test } from "node:test";
import { albers } from "../../demo/albers.js";
import { drawTour } from "../../demo/draw-tour.js";
import { earthRadiusKm, Sphere } from "../../demo/sphere.js";
import { loadStates } from "../../demo/states.js";

void test("the projection has its origin at 37.5 N 96 W, north up, and is the same on both sides of the meridian", () => {
  const origin = albers({ latitude: 37.5, longitude: -96 });
  assert.ok(Math.abs(origin.x) < 1e-12 && Math.abs(origin.y) < 1e-12);
  const west = albers({ latitude: 40, longitude: -106 });
  const east = albers({ latitude: 40, longitude: -86 });
  assert.ok(east.x > 0 && Math.abs(west.x + east.x) < 1e-12 && Math.abs(west.y - east.y) < 1e-12);
  assert.ok(albers({ latitude: 45, longitude: -96 }).y > albers({ latitude: 40, longitude: -96 }).y);
});

void test("the projection gives the published coordinates of 35 N 75 W", () => {
  // The worked example of Snyder's manual for a sphere of radius 1, page 292; its origin is 23 N 96 W.
  const point = albers({ latitude: 35, longitude: -75 });
  const published = albers({ latitude: 23, longitude: -96 });
  assert.equal(point.x.toFixed(7), "0.2952720");
  assert.equal((point.y - published.y).toFixed(7), "0.2416774");
});

void test("along a standard parallel lengths are true", () => {
  const places = [
    { latitude: 29.5, longitude: -96 },
    { latitude: 29.5, longitude: -95.99 },
  ];
  const [a, b] = places.map(albers);
  const onPaper = Math.hypot(a!.x - b!.x, a!.y - b!.y) * earthRadiusKm;
  assert.ok(Math.abs(onPaper / new Sphere(places).distance(0, 1) - 1) < 1e-6);
});

void test("the drawing has a dot for each place, a closed line through all, and its words escaped", () => {
  const places = [
    { latitude: 40, longitude: -120 },
    { latitude: 45, longitude: -90 },
    { latitude: 30, longitude: -85 },
  ];
  const outline = [[...places, places[0]!]];
  const svg = drawTour({
    places,
    order: [0, 1, 2],
    states: { outline, borders: [] },
    title: "A & B <1>",
    subtitle: "sub",
    source: "source",
  });
  assert.equal(svg.match(/<circle/g)?.length, 3);
  const line = [...svg.matchAll(/<path d="M([\d.]+ [\d.]+)L([\d.]+ [\d.]+)" stroke="#[0-9a-f]{6}"/g)];
  assert.equal(line.length, 3);
  assert.deepEqual(
    line.map((piece) => piece[2]),
    [line[1]![1], line[2]![1], line[0]![1]],
  );
  assert.match(svg, /A &amp; B &lt;1&gt;/);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

void test("the outline of the states leaves out Alaska, Hawaii and the islands", () => {
  const { outline, borders } = loadStates();
  assert.ok(borders.length > 50);
  for (const { latitude, longitude } of outline.flat()) {
    assert.ok(
      latitude > 24 && latitude < 50 && longitude > -125 && longitude < -66,
      `${latitude} ${longitude}`,
    );
  }
});
