import Foundation
import Foundations
import Testing

private func settings(_ text: String, set: [String] = []) throws -> Settings {
  try Settings(
    text: text, source: "x.json", directory: "/configs",
    overrides: set.map { try SettingsOverride($0, option: "--set") })
}

private func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch let error as TrainerError {
    return error.code == .usage ? error.message : "code \(error.code)"
  } catch {
    return "another error: \(error)"
  }
}

private enum Precision: String, CaseIterable { case float32, float64 }

@Suite struct SettingsTests {
  @Test func valuesAndDefaultsAreReadAndResolvedInOrder() throws {
    let root = try settings(
      """
      {"layers": [{"type": "dense", "units": 1e1}, "relu"], "rate": 3, "batch": "full", "name": null,
       "shape": [2, 3], "data": {"path": "../d.h5"}, "any": {"z": 1}, "words": ["a"]}
      """)
    #expect(try root.string("title", default: "none") == "none")
    #expect(try root.number("rate") == 3)
    #expect(try root.number("other", default: 0.5, in: .unit) == 0.5)
    #expect(try root.integer("batch", orWord: "full") == nil)
    #expect(try root.integer("size", orWord: "full", default: 8) == 8)
    #expect(try root.optionalString("name") == nil)
    #expect(try root.optionalInteger("absent") == nil)
    #expect(try root.optionalNumbers("name") == nil)
    #expect(try root.optionalIntegers("shape") == [2, 3])
    #expect(try root.optionalStrings("absent") == nil)
    #expect(try root.choice("precision", default: Precision.float32) == .float32)
    #expect(try root.boolean("shuffle", default: true))
    #expect(try root.integers("shape") == [2, 3])
    #expect(try root.numbers("more", default: [0.5]) == [0.5])
    #expect(try root.strings("words", oneOf: ["a", "b"]) == ["a"])
    #expect(root.value("any") == ["z": 1])
    let layers = try root.objects("layers", shorthand: "type")
    #expect(try layers.map { try $0.string("type") } == ["dense", "relu"])
    #expect(try layers[0].integer("units", in: .positive) == 10)
    #expect(layers[0].path == "layers[0]")
    let schedule = try root.object("schedule", default: ["type": "constant"])
    #expect(try schedule.string("type", oneOf: ["constant", "cosine"]) == "constant")
    #expect(try root.object("data").filePath("path") == "/d.h5")
    try root.finish()
    let resolved =
      #"{"title":"none","rate":3,"other":0.5,"batch":"full","size":8,"shape":[2,3],"precision":"float32","#
      + #""shuffle":true,"more":[0.5],"words":["a"],"any":{"z":1},"#
      + #""layers":[{"type":"dense","units":10},{"type":"relu"}],"schedule":{"type":"constant"},"#
      + #""data":{"path":"/d.h5"}}"#
    #expect(root.resolved.compactText == resolved)
    root.resolve("size", to: 9)
    #expect(root.resolved["size"] == 9)
  }

  @Test func fieldsDescribeWhatWasAskedFor() throws {
    let root = try settings(#"{"b": 1}"#)
    _ = try root.number("a", default: 2, in: .positive, help: "The rate.")
    _ = try root.integer("b", in: 1...4, help: "The size.")
    #expect(
      root.fields == [
        Settings.Field(key: "a", values: .number(.positive), default: 2, isRequired: false, help: "The rate."),
        Settings.Field(key: "b", values: .integer(1...4), default: nil, isRequired: true, help: "The size."),
      ])
    #expect(root.fields.map(\.kind) == ["a number greater than 0", "an integer from 1 to 4"])
  }

  @Test func allFaultsAreFound() throws {
    let root = try settings(
      """
      {"rate": -1, "size": "x",
       "shape": [1, "two", 3], "typo": 1,
       "parts": [{"type": "a", "n": 0.5}, 7, {"type": "q", "whatever": 1}, {"n": 1, "m": 2}]}
      """)
    struct Part {}
    var registry = Registry<Part>(of: "part")
    try registry.add(
      .init(type: "a") { settings in
        _ = try settings.integer("n")
        return Part()
      })
    var found: [TrainerError] = []
    var read: [Int] = []
    do {
      try root.findingAllFaults {
        #expect(try root.number("rate", default: 3, in: .positive) == 3)
        #expect(try root.integer("size", in: 5...9) == 5)
        read = try root.integers("shape")
        let parts = try root.objects("parts").compactMap { part in try part.attempt { try registry.read(part) } }
        #expect(parts.count == 1)
        #expect(try root.attempt(or: 4) { throw root.error("parts", "are too many") } == 4)
        try root.finish()
      }
      Issue.record("nothing was found")
    } catch let error as TrainerError {
      found = [error.alone] + error.others
    }
    #expect(read == [1, 1, 3])
    #expect(
      found.map(\.message) == [
        "x.json:1:2: rate: found -1, expected a number greater than 0",
        #"x.json:1:14: size: found the string "x", expected an integer from 5 to 9"#,
        #"x.json:2:15: shape[1]: found the string "two", expected an integer"#,
        "x.json:3:37: parts[1]: found 7, expected an object { … }",
        "x.json:3:26: parts[0].n: found 0.5, expected an integer",
        #"x.json:3:41: parts[2].type: found the string "q", expected one of "a"; did you mean "a"?"#,
        #"x.json:3:70: parts[3]: the required key "type" is missing"#,
        "x.json:3:2: parts: are too many",
        "x.json:2:26: typo: unknown key; the valid keys here are rate, size, shape, parts",
      ])
    #expect(found.map(\.place?.path).prefix(3) == ["rate", "size", "shape[1]"])
    // The next reading of the same settings is strict again.
    #expect(message { _ = try root.number("size") } == #"x.json:1:14: size: found the string "x", expected a number"#)
  }

  /// Which component is meant cannot be told, so nothing is said of what one lacks or does not know.
  @Test(arguments: [#"["a"]"#, #""q""#, "7"]) func aFaultyTypeIsTheOnlyFault(type: String) throws {
    let registry = Registry<Int>(of: "part", [.init(type: "a") { try $0.integer("n") }])
    let root = try settings(#"{"part": {"type": \#(type), "m": 1}}"#)
    let error = #expect(throws: TrainerError.self) {
      try root.findingAllFaults {
        let part = try root.object("part")
        return try part.attempt { try registry.read(part) }
      }
    }
    #expect(error?.place?.path == "part.type" && error?.others.isEmpty == true, "\(error?.message ?? "")")
  }

  @Test func aPlaceKnowsWhatWasMeant() throws {
    let root = try settings(#"{"sedd": 1}"#)
    _ = try root.integer("seed", default: 0)
    let error = #expect(throws: TrainerError.self) { try root.finish() }
    #expect(error?.place?.suggestion == "seed")
    #expect(error?.place?.message == #"unknown key; did you mean "seed"?"#)
    #expect(error?.place?.position?.description == "1:2")
  }

  @Test func faultsOfValues() throws {
    let root = try settings(
      """
      {"i": "ten",
       "n": 0, "s": 3, "c": "float23", "a": [1, "x"], "o": [], "l": [3, {"units": true}],
        "half": 2.5, "w": "ful", "short": [1], "p": "", "empty": {}, "b": 1, "words": ["maen"]}
      """)
    #expect(
      message { _ = try root.integer("i", in: .positive) }
        == #"x.json:1:2: i: found the string "ten", expected an integer from 1 to 1000000000000"#)
    #expect(
      message { _ = try root.number("n", in: .positive) } == "x.json:2:2: n: found 0, expected a number greater than 0")
    #expect(
      message { _ = try root.number("n", in: .from(1...2)) }
        == "x.json:2:2: n: found 0, expected a number at least 1 and at most 2")
    #expect(
      message { _ = try root.number("i", in: .rate) }
        == #"x.json:1:2: i: found the string "ten", expected a number at least 0 and less than 1"#)
    #expect(message { _ = try root.string("s") } == "x.json:2:10: s: found 3, expected a string")
    #expect(
      message { _ = try root.choice("c", of: Precision.self) }
        == #"x.json:2:18: c: found the string "float23", expected one of "float32", "float64"; did you mean "float32"?"#
    )
    #expect(message { _ = try root.numbers("a") } == #"x.json:2:43: a[1]: found the string "x", expected a number"#)
    #expect(message { _ = try root.object("o") } == "x.json:2:49: o: found an empty array, expected an object { … }")
    #expect(
      message { _ = try root.objects("l") }
        == "x.json:2:64: l[0]: found 3, expected an object { … }")
    #expect(message { _ = try root.objects("s") } == "x.json:2:10: s: found 3, expected an array of objects")
    #expect(message { _ = try root.integer("half") } == "x.json:3:3: half: found 2.5, expected an integer")
    #expect(
      message { _ = try root.integer("w", orWord: "full", in: .positive) }
        == #"x.json:3:16: w: found the string "ful", expected an integer from 1 to 1000000000000 or "full""#)
    #expect(
      message { _ = try root.integers("short", count: 2...2) }
        == "x.json:3:28: short: found an array of 1, expected 2")
    #expect(
      message { _ = try root.filePath("p") }
        == "x.json:3:42: p: the path is empty; expected the path of a file or directory")
    #expect(message { _ = try root.boolean("b") } == "x.json:3:64: b: found 1, expected true or false")
    #expect(
      message { _ = try root.strings("words", oneOf: ["mean", "sum"]) }
        == #"x.json:3:82: words[0]: found the string "maen", expected one of "mean", "sum"; did you mean "mean"?"#)
    #expect(
      message { _ = try root.object("empty").string("path") }
        == #"x.json:3:51: empty: the required key "path" is missing"#)
    #expect(message { _ = try root.string("loss") } == #"x.json:1:1: the required key "loss" is missing"#)
    #expect(message { throw root.error("i", "is odd") } == "x.json:1:2: i: is odd")
  }

  @Test func unknownKeysAreErrorsWithTheNearestValidKey() throws {
    let root = try settings(
      "{\n  \"training\": {\"batchsize\": 3},\n  \"optimizer\": {\"learning_rate\": 1}, \"zebra\": 1}")
    let training = try root.object("training")
    _ = try training.integer("batchSize", default: 1)
    _ = try training.integer("epochs", default: 1)
    #expect(
      message { _ = try root.object("optimizer").number("learningRate") }
        == "x.json:3:17: optimizer.learning_rate: unknown key, and the required key \"learningRate\" is missing; "
        + "did you mean \"learningRate\"?")
    #expect(
      message { try root.finish() }
        == #"x.json:3:38: zebra: unknown key; the valid keys here are training, optimizer"#)
    #expect(
      message { try training.finish() }
        == #"x.json:2:16: training.batchsize: unknown key; did you mean "batchSize"?"#)
    _ = root.value("zebra")
    #expect(
      message { try root.finish() }
        == #"x.json:2:16: training.batchsize: unknown key; did you mean "batchSize"?"#)
  }

  @Test(arguments: [
    ("lerningRate", "learningRate"), ("epoch", "epochs"), ("bacthSize", "batchSize"), ("EPOCHS", "epochs"),
    ("zzzz", nil), ("lr", nil), ("batch", "batchSize"),
  ])
  func suggestions(word: String, expected: String?) {
    #expect(suggestion(for: word, among: ["learningRate", "epochs", "batchSize", "shards"]) == expected)
  }

  @Test func overridesReplaceAndAdd() throws {
    let text = #"{"model": {"layers": [{"units": 1}, {"units": 2}, "relu"]}, "data": {"path": "d.h5"}}"#
    let root = try settings(
      text,
      set: [
        "model.layers.1.units=5", "model.layers[0].units=4", "optimizer.rate=0.5", "objective=w^2", "seed=[1]",
        "data.path=e.h5", "model.layers.2.slope=0.1",
      ])
    let layers = try root.object("model").objects("layers", shorthand: "type")
    #expect(try layers[0].integer("units") == 4)
    #expect(try layers[1].integer("units") == 5)
    #expect(try layers[2].number("slope") == 0.1)
    #expect(try layers[2].string("type") == "relu")
    #expect(try root.object("optimizer").number("rate") == 0.5)
    #expect(try root.string("objective") == "w^2")
    #expect(try root.integers("seed") == [1])
    #expect(
      try root.object("data").filePath("path")
        == absolutePath("e.h5", relativeTo: FileManager.default.currentDirectoryPath))
  }

  @Test func faultsOfOverrides() throws {
    let text = #"{"training": {"epochs": 1}, "layers": [1, 2]}"#
    #expect(
      message { _ = try settings(text, set: ["training.epochs=ten"]).object("training").integer("epochs") }
        == #"--set training.epochs=ten: training.epochs: found the string "ten", expected an integer"#)
    #expect(
      message {
        let root = try settings(text, set: ["training.epoch=2"])
        _ = try root.object("training").integer("epochs")
        _ = root.value("layers")
        try root.finish()
      } == #"--set training.epoch=2: training.epoch: unknown key; did you mean "epochs"?"#)
    #expect(
      message { _ = try settings(text, set: ["layers.2=1"]) }
        == "--set layers.2=1: layers has no element 2, expected an index from 0 to 1")
    #expect(
      message { _ = try settings(text, set: ["training.epochs.x=1"]) }
        == #"--set training.epochs.x=1: training.epochs is 1, so it has no key "x""#)
    #expect(
      message { _ = try SettingsOverride("epochs", option: "--set") }
        == "--set epochs: there is no '=', expected KEY.PATH=VALUE")
    #expect(
      message { _ = try SettingsOverride("a..b=1", option: "--set") }
        == "--set a..b=1: a key in the path is empty, expected KEY.PATH=VALUE")
  }

  @Test func faultsOfFiles() throws {
    #expect(
      message { _ = try Settings(file: "no/such.json") } == "no/such.json: there is no such config file; "
        + "there is no directory no either")
    #expect(
      message { _ = try Settings(file: "/") } == "/: the config cannot be read: it is a directory, "
        + "expected a regular file")
    #expect(message { _ = try settings("[1]") } == "x.json:1:1: the config is an array, expected an object { … }")
  }

  @Test func shorthandFaultsNameTheElement() throws {
    let root = try settings(#"{"metrics": ["acuracy", 3], "loss": 1}"#)
    #expect(
      message { _ = try root.objects("metrics", shorthand: "type") }
        == "x.json:1:25: metrics[1]: found 3, expected an object { … } or its type")
    let one = try settings(#"{"metrics": ["acuracy"]}"#).objects("metrics", shorthand: "type")
    #expect(
      message { _ = try one[0].string("type", oneOf: ["accuracy"]) }
        == #"x.json:1:14: metrics[0]: found the string "acuracy", expected one of "accuracy"; did you mean "accuracy"?"#
    )
  }
}
