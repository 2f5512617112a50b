import assert from "node:assert/strict";
import { test } from "node:test";
import { continentalAirports, loadAirports } from "../../demo/airports.js";

const head = "iata,name,city,state,country,latitude,longitude";

void test("only the contiguous states and DC count, and each place once", () => {
  const airports = continentalAirports(
    [
      head,
      "JFK,Kennedy,New York,NY,USA,40.6,-73.8",
      "ANC,Ted Stevens,Anchorage,AK,USA,61.2,-150",
      "SJU,Luis Munoz,San Juan,PR,USA,18.4,-66",
      "DCA,Reagan,Arlington,DC,USA,38.9,-77",
      "JF2,Kennedy again,New York,NY,USA,40.60,-73.80",
      "XXX,Elsewhere,Nowhere,NY,Palau,1,2",
    ].join("\n"),
  );
  assert.deepEqual(
    airports.map(({ code }) => code),
    ["JFK", "DCA"],
  );
});

void test("a file without a needed column, or a row without a position, is named", () => {
  assert.throws(() => continentalAirports("iata,name\nA,B"), /no column "city"/);
  assert.throws(() => continentalAirports(`${head}\nA,B,C,NY,USA,north,2`), /airport A has no position/);
});

void test("the real data hold about three thousand airports in 48 states and DC, all inside the country's bounds", () => {
  const airports = loadAirports();
  assert.ok(airports.length > 3000 && airports.length < 3200, `${airports.length} airports`);
  assert.equal(new Set(airports.map(({ state }) => state)).size, 49);
  assert.equal(airports.find(({ code }) => code === "DBN")?.name, 'W. H. "Bud" Barron');
  for (const { code, latitude, longitude } of airports) {
    assert.ok(latitude > 24 && latitude < 50 && longitude > -125 && longitude < -66, code);
  }
});
