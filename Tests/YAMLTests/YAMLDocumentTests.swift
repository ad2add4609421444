import Foundations
import TestSupport
import Testing
import YAML

/// What YAML texts stand for, and what is refused in them.
@Suite struct YAMLDocumentTests {
  private func value(_ text: String) throws -> JSONValue {
    try YAMLDocument.read(Array(text.utf8), source: "x.yaml").root
  }

  private func fault(_ text: String) -> String {
    do {
      return "read as \(try value(text).compactText)"
    } catch let error as TrainerError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  // Numbers are what users mean, words are not booleans by accident, and dates are texts.
  @Test(arguments: [
    ("1e-3", "0.001"), ("1E-3", "0.001"), ("1.e-3", "0.001"), ("-1.5e+2", "-150"), (".5", "0.5"), ("3.", "3"),
    ("+3", "3"),
    ("10", "10"), ("0", "0"), ("-0", "-0"), ("-7", "-7"), ("0o14", "12"), ("0x1F", "31"),
    ("12345678901234567890", "1.2345678901234567e+19"),
    ("true", "true"), ("True", "true"), ("FALSE", "false"), ("no", "\"no\""), ("yes", "\"yes\""), ("on", "\"on\""),
    ("Off", "\"Off\""), ("y", "\"y\""), ("NO", "\"NO\""), ("~", "null"), ("null", "null"), ("", "null"),
    ("2001-12-31", "\"2001-12-31\""), ("2001-12-31T10:00:00Z", "\"2001-12-31T10:00:00Z\""), ("1:30", "\"1:30\""),
    ("1_000", "\"1_000\""), ("0b11", "\"0b11\""), ("1.2.3", "\"1.2.3\""), ("e5", "\"e5\""), ("\"1e-3\"", "\"1e-3\""),
    ("'true'", "\"true\""), ("'010'", "\"010\""), ("!!str 1", "\"1\""), ("!!int 3", "3"), ("|-\n  a\n  b", "\"a\\nb\""),
    (">-\n  a\n  b", "\"a b\""), ("=", "\"=\""), ("c#", "\"c#\""), ("c # d", "\"c\""),
    ("[1, a, 'b']", "[1,\"a\",\"b\"]"),
    ("{a: 1, b: [2]}", "{\"a\":1,\"b\":[2]}"),
  ])
  func scalars(_ text: String, _ json: String) throws {
    let found = try value("k: \(text)\n")["k"]
    #expect(found?.compactText == json, "\(text)")
  }

  @Test func infinitiesAreNumbers() throws {
    #expect(try value("k: .inf")["k"]?.double == .infinity)
    #expect(try value("k: -.inf")["k"]?.double == -.infinity)
    #expect(try value("k: .nan")["k"]?.double?.isNaN == true)
  }

  @Test func anchorsAndMergeKeys() throws {
    let text = """
      base: &hidden
        type: dense
        units: 8
        activation: relu
      layers:
        - *hidden
        - <<: *hidden
          units: 4
        - <<: [{units: 1}, *hidden]
      """
    let layers = try value(text)["layers"]?.elements
    #expect(
      layers?.map(\.compactText) == [
        #"{"type":"dense","units":8,"activation":"relu"}"#, #"{"units":4,"type":"dense","activation":"relu"}"#,
        #"{"units":1,"type":"dense","activation":"relu"}"#,
      ])
  }

  @Test func whatIsRefused() {
    let cases: [(text: String, message: String)] = [
      ("a: 1\nb: 2\na: 3\n", #"x.yaml:1:1: the key "a" comes twice in one object, remove one"#),
      ("a:\n  b: 1\n  'b': 2\n", #"x.yaml:2:3: the key "b" comes twice in one object, remove one"#),
      ("a: 1\n---\nb: 2\n", "x.yaml:2:1: another document begins here; a config is one document"),
      ("a: 010\n", "x.yaml:1:4: 010 is 8 times as much to some readers"),
      (
        "a: !!python/object:os.system x\n",
        "x.yaml:1:4: the tag \"tag:yaml.org,2002:python/object:os.system\" has no meaning"
      ),
      ("a: !mine 3\n", "x.yaml:1:4: the tag \"!mine\" has no meaning in a config"),
      ("a: !set {b: 1}\n", "x.yaml:1:4: the tag \"!set\" has no meaning in a config"),
      ("a:\n\tb: 1\n", "indent with spaces, not with tabs"),
      ("a: [1, 2\n", "x.yaml:2:1: YAML syntax error: "),
      ("a: b: c\n", "x.yaml:1:5: YAML syntax error: mapping values are not allowed in this context"),
      ("a: *none\n", "x.yaml:1:4: YAML syntax error: found undefined alias"),
      ("? [a, b]\n: 1\n", "x.yaml:1:3: found a list or an object as a key, expected a text"),
      ("a: &x 1\n*x : 2\n", "x.yaml:2:1: an alias cannot be a key"),
      ("a: 1e999\n", "x.yaml:1:4: the number 1e999 is out of range"),
      ("a:\n  <<: 3\n", "found a value behind \"<<\""),
      ("a: " + String(repeating: "[", count: 5000), "x.yaml:1:1: it is nested deeper than 100 levels"),
      (String(repeating: "- ", count: 5000) + "a", "x.yaml:1:1: it is nested deeper than 100 levels"),
      (String(repeating: "# \n", count: 400_000), "x.yaml:1:1: the config has more than 1 MiB"),
    ]
    for (text, message) in cases {
      let found = fault(text)
      #expect(found.contains(message), "\(text.prefix(60)): \(found)")
    }
    #expect((try? YAMLDocument.read([0x61, 0x3A, 0x20, 0xFF], source: "x.yaml")) == nil)
  }

  // Nine levels of nine aliases each: 3 × 10⁸ values in 300 bytes.
  @Test func aliasesOfAliasesAreRefused() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...8 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(fault(text).contains("aliases stand for more than 100000 values"))
  }

  @Test func valuesKnowTheirPlaces() throws {
    let text = "# a config\nmodel:\n  layers:\n    - type: dense\n      units: -1\n    - {type: dropout, rate: 2}\n"
    let settings = try Settings(document: YAMLDocument.read(Array(text.utf8), source: "x.yaml"), directory: "/")
    let layers = try settings.object("model").objects("layers")
    let error = #expect(throws: TrainerError.self) { _ = try layers[0].integer("units", in: .positive) }
    #expect(
      error?.message == "x.yaml:5:7: model.layers[0].units: found -1, expected an integer from 1 to 1000000000000")
    let other = #expect(throws: TrainerError.self) { _ = try layers[1].number("rate", in: .rate) }
    #expect(other?.message.hasPrefix("x.yaml:6:23: model.layers[1].rate: ") == true, "\(other?.message ?? "")")
  }

  // What is written reads back, also texts that look like something else.
  @Test func yamlReadsBack() throws {
    let words = [
      "no", "1e-3", "010", "~", "", " a", "a: b", "- a", "#", "true", "*a", "&a", "!a", "%", "@", "`", "'", "\"",
      "a\nb",
      "é", "1:30", "2001-12-31", "[", "{", "<<", "=", "x/y.h5", "../data/x.h5", "null", "\u{1}", "\u{2028}", "y",
    ]
    let value: JSONValue = [
      "words": .array(words.map(JSONValue.string)), "numbers": [1, -0.5, 1e-10, 1e300, 3], "no": true,
      "empty": [:], "none": [],
      "nested": [["type": "dense", "shape": [[1, 2], [3, 4]]], ["a": ["b": ["c": .null]]]],
    ]
    let text = try value.yamlText
    #expect(try self.value(text) == value, "\(text)")
    #expect(text.hasSuffix("\n"))
  }
}
