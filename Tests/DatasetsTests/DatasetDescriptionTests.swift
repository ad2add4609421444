import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct DatasetDescriptionTests {
  @Test func hasTheSameAsJSON() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.h5"
      let file = try File.create(at: path)
      let root = try file.root
      try root.setAttribute("limits", to: [-Double.infinity, .nan, 0.5])
      let inputs = try root.createDataset(
        "train/inputs", shape: [6, 2], values: (0..<12).map(Float.init),
        properties: .datasetCreation(chunk: [3, 2], deflate: 6))
      try inputs.setAttribute("features", to: ["length", "width"])
      let targets = try root.createDataset("train/targets", shape: [6], values: [UInt8(0), 2, 2, 0, 0, 2])
      try targets.setAttribute("classes", to: ["a", "b", "c"])
      let size = try inputs.storageSize
      try file.close()
      let json = try DatasetDescription(path: path).json
      #expect(json["path"]?.text == path && json["trainable"] == .boolean(true))
      #expect(json["conclusion"]?.text?.hasPrefix("It can be trained on as it is") == true)
      let limits = try #require(json.namingNonFinite["attributes"]?.elements?.first)
      #expect(limits["name"]?.text == "limits" && limits["type"]?.text == "float64")
      #expect(limits["values"] == .array([.string("-inf"), .string("nan"), .number(0.5)]))
      let train = try #require(json["members"]?.elements?.first)
      #expect(train["name"]?.text == "train" && train["kind"]?.text == "group")
      let members = try #require(train["members"]?.elements)
      try #require(members.count == 2)
      #expect(members[0]["name"]?.text == "inputs" && members[0]["kind"]?.text == "dataset")
      #expect(members[0]["type"]?.text == "float32" && members[0]["layout"]?.text == "chunked")
      #expect(members[0]["shape"] == .array([.integer(6), .integer(2)]))
      #expect(members[0]["chunk"] == .array([.integer(3), .integer(2)]))
      #expect(members[0]["filters"] == .array([.string("deflate 6")]) && members[0]["bytes"]?.int == size)
      let classes = try #require(members[1]["classes"]?.elements)
      #expect(classes.map { $0["name"]?.text } == ["a", "b", "c"])
      #expect(classes.map { $0["samples"]?.int } == [3, 0, 3])
    }
  }

  @Test func hasLinksErrorsAndProposalsAsJSON() throws {
    func described(_ name: String) throws -> JSONValue {
      try DatasetDescription(path: "\(Fixture.directory)/\(name)").json
    }
    let links = try described("hostile/soft-links.h5")
    let first = try #require(links["members"]?.elements?.first { $0["name"]?.text == "first" })
    #expect(first["kind"]?.text == "link" && first["to"]?.text == "/second" && first["leads"] == .boolean(false))
    let keras = try described("foreign/h5/keras_root.h5")
    #expect(keras["trainable"] == .boolean(false))
    #expect(keras["data"]?["groups"]?["train"]?["inputs"]?.text == "x_train")
    let newer = try described("foreign/h5/libver_latest.h5")
    let train = try #require(newer["members"]?.elements?.first { $0["name"]?.text == "train" })
    let inputs = try #require(train["members"]?.elements?.first { $0["name"]?.text == "inputs" })
    #expect(inputs["error"]?.text?.contains("newer format") == true)
  }

  @Test func showsEverything() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.h5"
      let file = try File.create(at: path)
      let root = try file.root
      try root.setAttribute("version", to: 1)
      let inputs = try root.createDataset(
        "train/inputs", shape: [6, 2], values: (0..<12).map(Float.init),
        properties: .datasetCreation(chunk: [3, 2], deflate: 6, shuffle: true, fletcher32: true))
      try inputs.setAttribute("features", to: ["length", "width"])
      let targets = try root.createDataset("train/targets", shape: [6], values: [UInt8(0), 2, 2, 0, 0, 3])
      try targets.setAttribute("classes", to: ["a", "b", "c"])
      try root.createDataset("note", text: "text")
      let size = try inputs.storageSize
      try file.close()
      #expect(
        try DatasetDescription(path: path).description == """
          \(path)
            @version = 1
            note   string (variable length, UTF-8), scalar, contiguous, 16 bytes
            train/
              inputs   float32, 6 x 2, chunked 3 x 2, shuffle, deflate 6, fletcher32, \(size) bytes
                @features = 'length', 'width'
              targets  uint8, 6, contiguous, 6 bytes
                @classes = 'a', 'b', 'c'
                class 0 'a': 3
                class 1 'b': 0
                class 2 'c': 2
                class 3: 1, which has no name
          It can be trained on as it is, by its shapes and types: 6 samples in 'train', each of 2 inputs.

          """)
    }
  }

  @Test func errorsAreOfData() throws {
    let error = try #require(throws: TrainerError.self) { try DatasetDescription(path: "/nowhere/x.h5") }
    #expect(
      error
        == TrainerError(
          .data,
          "cannot open '/nowhere/x.h5': no such file or directory; "
            + "there is no directory /nowhere either"))
  }

  private func description(of name: String) throws -> String {
    let path = "\(Fixture.directory)/hostile/\(name).h5"
    return try DatasetDescription(path: path).description.replacing(path, with: "FILE")
  }

  @Test func anObjectWithSeveralNamesIsDescribedOnce() throws {
    #expect(
      try description(of: "hard-cycle") == """
        FILE
          root/  the group '/' again
          train/
            inputs   float32, 6 x 2, contiguous, 48 bytes
            loop/  the group '/train' again
            targets  uint8, 6, contiguous, 6 bytes
              class 0: 2
              class 1: 2
              class 2: 2
        It can be trained on as it is, by its shapes and types: 6 samples in 'train', each of 2 inputs.

        """)
    // 10^12 paths lead through it.
    #expect(try description(of: "mesh").split(separator: "\n").count < 135)
  }

  @Test func linksAreNamedAndNotFollowed() throws {
    let soft = try description(of: "soft-links")
    #expect(soft.contains("first   link to '/second', which leads nowhere\n"))
    #expect(soft.contains("inputs   link to '/rows'\n"))
    #expect(
      try description(of: "external-link").contains("inputs   link to '/train/inputs' in the file 'plain.h5'\n"))
    #expect(try description(of: "external-storage").contains("uint8, 6 x 2, in another file: 'elsewhere.bin'"))
    #expect(try description(of: "virtual").contains("inputs   float32, put together from 'plain.h5:train/inputs'\n"))
  }

  @Test func whateverTypeAnObjectHasTheListingGoesOn() throws {
    let text = try description(of: "types")
    for line in [
      "@classes = 3, 2, 1", "class 9223372036854775813: 1", "null       float32, null, contiguous, 0 bytes",
      "empty      float64, 0 x 3, contiguous, 0 bytes",
      "bits       bit field of 16 bits, 2, contiguous, no value was ever written",
      "compound   compound (a: int32, b: float64), 3, contiguous, 36 bytes",
      "sequence   variable-length sequence of int32, 2,", "@null = nothing",
      "@empty = no values", "@boolean = TRUE, FALSE",
      "@opaque = opaque 3 bytes", "@reference = reference to an object",
      "inputs   float32, 6 x 2, contiguous, 48 bytes",
    ] { #expect(text.contains(line), "\(line) in\n\(text)") }
    #expect(try description(of: "named-type").contains("inputs   named datatype\n"))
  }

  @Test func ofWhatIsManyTheFirstAreShown() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.h5"
      let file = try File.create(at: path)
      let root = try file.root
      for index in 0..<60 { try root.setAttribute("a\(index)", to: index) }
      for index in 0..<130 { try root.createGroup("many/g\(index)") }
      try root.createGroup((0..<60).map { _ in "deep" }.joined(separator: "/"))
      try root.createDataset("targets", shape: [300], values: (0..<300).map { UInt16($0) })
        .setAttribute("classes", to: ["only"])
      try file.close()
      let text = try DatasetDescription(path: path).description
      #expect(text.contains("  … and 10 more attributes\n"))
      #expect(text.contains("    … and 30 more members\n"))
      #expect(text.contains("deep/\n" + String(repeating: "  ", count: 21) + "… 1 more member and what is below\n"))
      #expect(text.contains("class 0 'only': 1\n") && text.contains("    … and 200 more classes\n"))
    }
  }

  @Test func namesThatAreNoTextHaveALineAndTheRestIsListed() throws {
    let text = try description(of: "bytes")
    #expect(text.contains("  @\u{FFFD}  has a name that is not UTF-8\n"))
    #expect(text.contains("has a name that is not UTF-8\nIt can be trained"))
    #expect(text.contains("targets  uint8, 6, contiguous, 6 bytes\n"))
  }

  @Test func theColumnsOfATableAreListedOnce() throws {
    try withScratchDirectory { directory in
      _ = try CSVImport(path: "\(Repository.path)/data/passengers.csv", target: .name("Survived")).write(
        to: directory + "/x.h5", with: DatasetWriter())
      let text = try DatasetDescription(path: directory + "/x.h5").description
      #expect(text.count(of: "kind      missing  categories") == 1)
      #expect(text.contains("      the columns of '/test/inputs'; missing: "))
    }
  }

  @Test func whatCannotBeReadHasALineThatSaysWhy() throws {
    let path = "\(Fixture.directory)/foreign/h5/libver_latest.h5"
    let text = try DatasetDescription(path: path).description
    #expect(text.contains("    inputs   cannot be read: it is written in a newer format than libhdf5 "))
    #expect(text.contains("    targets  int64, 120, contiguous, 960 bytes\n"))
  }

  @Test(arguments: [
    ("external-storage", "has elements in 'elsewhere.bin', which is missing"),
    ("virtual-missing-file", "'gone.h5', which is missing"),
  ])
  func theLastLineNamesWhatIsMissing(name: String, part: String) throws {
    let last = try #require(try description(of: name).split(separator: "\n").last)
    #expect(last.hasPrefix("It cannot be trained on as it is") && last.contains(part), "\(last)")
  }

  @Test func theLastLineHasWhatTheConfigNeeds() throws {
    let path = "\(Fixture.directory)/foreign/h5/keras_root.h5"
    let last = try #require(try DatasetDescription(path: path).description.split(separator: "\n").last)
    #expect(last.hasPrefix("It cannot be trained on as it is, but with this in the config: \"data\": {\"path\":"))
    #expect(last.contains("x_train") && last.contains("y_test"))
  }

  @Test func namesCannotReachTheTerminal() throws {
    let text = try description(of: "names")
    #expect(text.contains(#"tar\u{1b}[2Jgets\nerror: second"#) && text.contains(#"a\r\u{1b}[K\u{202e}b"#))
    #expect(text.contains(#"@x\ny = 'v\nerror: third'"#))
    #expect(!text.contains("\u{1B}") && !text.split(separator: "\n").contains { $0.hasPrefix("error") })
  }
}

extension String {
  fileprivate func count(of part: String) -> Int { ranges(of: part).count }
}
