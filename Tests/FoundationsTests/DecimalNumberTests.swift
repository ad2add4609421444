import Foundations
import Testing

@Suite struct DecimalNumberTests {
  @Test(arguments: [
    ("0", 0), ("-3", -3), ("+7.25", 7.25), (".5", 0.5), ("2.", 2), ("1e-3", 1e-3), ("1E+20", 1e20), ("-0", -0.0),
    ("0017", 17), ("1e999", .infinity),
  ])
  func decimals(text: String, value: Double) { #expect(decimalNumber(text) == value) }

  @Test(arguments: [
    "", " 1", "1 ", "0x10", "0x1p3", "inf", "nan", "infinity", "1e", "e1", ".", "-", "+-1", "1..2", "1_0", "1\u{0}",
    "\u{0}",
    "1,5", "٣",
  ])
  func otherTexts(text: String) { #expect(decimalNumber(text) == nil) }

  @Test func numbersThatJSONHasNoTextForAreNamed() throws {
    let value: JSONValue = [
      "loss": .number(.infinity), "rest": [.number(-.infinity), .number(.nan), 1.5, 2, "nan", .null],
      "r": ["r2": .number(.nan)],
    ]
    #expect(
      value.namingNonFinite.compactText
        == #"{"loss":"inf","rest":["-inf","nan",1.5,2,"nan",null],"r":{"r2":"nan"}}"#)
    #expect(value.compactText == #"{"loss":null,"rest":[null,null,1.5,2,"nan",null],"r":{"r2":null}}"#)
  }

  @Test(arguments: [
    ("a.b=1", "a.b=2", true), ("a=1", "a.b=2", true), ("a.b=1", "a=2", true), ("l[1].u=1", "l.1=2", true),
    ("l.01.u=1", "l.1.u=2", true), ("a.b=1", "a.c=2", false), ("ab=1", "a.b=2", false), ("l.1=1", "l.2=1", false),
  ])
  func overlappingOverrides(one: String, other: String, overlap: Bool) throws {
    let (one, other) = (try SettingsOverride(one), try SettingsOverride(other))
    #expect(one.overlaps(other) == overlap && other.overlaps(one) == overlap)
  }

  @Test func anOverrideIsNamedByItsOption() throws {
    let text = #"{"layers": []}"#
    let override = try SettingsOverride("layers.0.units=1", option: "--over")
    let error = #expect(throws: TrainerError.self) {
      try Settings(text: text, source: "x", directory: "/", overrides: [override]).finish()
    }
    #expect(
      error?.message.hasPrefix("--over layers.0.units=1: layers has no element 0") == true, "\(error?.message ?? "")")
    #expect(throws: TrainerError(.usage, "--over x: there is no '=', expected KEY.PATH=VALUE")) {
      try SettingsOverride("x", option: "--over")
    }
  }
}
