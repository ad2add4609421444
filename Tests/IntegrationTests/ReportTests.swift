import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// `trainer report` writes one page that needs nothing else, says what there is, and escapes what comes from files.
@Suite struct ReportTests {
  private func page(_ directory: String, _ arguments: [String]) throws -> String {
    let result = try TrainerBinary.run(["report"] + arguments, in: directory)
    #expect(result.status == 0, "\(result.errors)")
    let path = result.output.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst("wrote ".count)
    let text = try String(contentsOfFile: "\(directory)/\(path)", encoding: .utf8)
    // Nothing is fetched, and nothing runs.
    for word in ["<script", "src=\"http", "href=\"http", "url(", "@import"] { #expect(!text.contains(word)) }
    return text
  }

  private func train(_ directory: String, _ config: String, _ name: String, _ settings: String...) throws {
    let result = try TrainerBinary.run(
      ["run", config, "--output", "\(directory)/\(name)", "--quiet"] + settings.flatMap { ["--set", $0] })
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test func onePageTellsOfTwoRuns() throws {
    try withScratchDirectory { directory in
      let config = Repository.config("softmax")
      try train(directory, config, "a", "training.epochs=3", "name=<i>first & best\"")
      try train(directory, config, "b", "training.epochs=2", "optimizer.learningRate=0.5", "name=second")
      let text = try page(directory, ["a", "b", "--output", "both.html"])
      // What a run is called is text, never markup.
      #expect(text.contains("&lt;i&gt;first &amp; best&quot;") && !text.contains("<i>first"))
      for heading in [
        "Measures", "Curves", "Confusion", "Classes", "Time", "Parameters", "Config", "Provenance",
      ] {
        #expect(text.contains("<h2>\(heading)</h2>"), "the page lacks \(heading)")
      }
      // A curve for the loss and one for the accuracy, in the page's own colours.
      #expect(text.components(separatedBy: "<svg").count > 2 && text.contains("var(--c1)"))
      #expect(!text.contains("rgb(") && !text.contains("<?xml"))
      // Each run has its digest, and the confusion matrix as many cells as classes squared.
      #expect(text.components(separatedBy: "sha256:").count >= 3)
      #expect(text.components(separatedBy: "<td style=\"--share:").count == 2 * 100 + 1)
      // A page of one's own choice is not replaced.
      try TrainerBinary.run("report", "a", "--output", "both.html", in: directory).expectError(2, "both.html")
      try TrainerBinary.run("report", "none", in: directory).expectError(2, "none: there is no such run directory")
      #expect(try page(directory, ["a"]).contains("<h2>Measures</h2>"))
      #expect(FileManager.default.fileExists(atPath: "\(directory)/a/report.html"))
    }
  }

  @Test func samplesThatAreImagesAreDrawn() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/images.h5") { root in
        for group in ["train", "test"] {
          // Targets that have nothing to do with the images: some are taken for others.
          let parent = try root.createGroup(group)
          _ = try parent.createDataset(
            "inputs", shape: [60, 4, 3], values: (0..<720).map { UInt8($0 * 37 % 251) })
          _ = try parent.createDataset("targets", shape: [60], values: (0..<60).map { UInt8($0 * 7 % 5 % 2) })
        }
      }
      try """
      {"data": {"path": "images.h5"}, "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "softmaxCrossEntropy",
       "optimizer": {"type": "sgd", "learningRate": 1e-6}, "training": {"epochs": 1, "batchSize": 20}}
      """.write(toFile: "\(directory)/images.json", atomically: true, encoding: .utf8)
      try train(directory, "\(directory)/images.json", "run")
      let text = try page(directory, ["run"])
      #expect(text.contains("<h2>Worst samples</h2>"))
      let captions = text.matches(of: #/row ([0-9]+): ([01]), taken for ([01]); its class had ([0-9.e-]+)/#)
      #expect(!captions.isEmpty)
      for caption in captions {
        let row = try #require(Int(caption.output.1))
        #expect(caption.output.2 == "\(row * 7 % 5 % 2)" && caption.output.2 != caption.output.3, "row \(row)")
        #expect(Double(caption.output.4) ?? 1 <= 0.5)
      }
      let start = try #require(text.range(of: "data:image/bmp;base64,"))
      let bytes = try #require(Data(base64Encoded: String(text[start.upperBound...].prefix { $0 != "\"" })))
      // A head of 54 bytes, and four rows of three pixels of three bytes, each filled up to a word.
      #expect(bytes.count == 54 + 4 * 12 && bytes.prefix(2) == Data("BM".utf8))
      #expect([18, 22].map { Int(bytes[$0]) } == [3, 4])
      // Grey: three equal bytes a pixel, from black to white.
      let pixels = (0..<4).flatMap { row in
        (0..<3).map { Array(bytes[(54 + row * 12 + $0 * 3)..<(57 + row * 12 + $0 * 3)]) }
      }
      #expect(
        pixels.allSatisfy { Set($0).count == 1 } && pixels.contains([0, 0, 0]) && pixels.contains([255, 255, 255]))
    }
  }

  @Test func whatThereIsIsTold() throws {
    try withScratchDirectory { directory in
      // A formula has neither samples nor classes.
      try train(directory, "\(Repository.path)/configs/notes/bowl.json", "bowl")
      let bowl = try page(directory, ["bowl"])
      #expect(bowl.contains("<h2>Curves</h2>") && !bowl.contains("<h2>Confusion</h2>"))
      // Data that are gone cost what is measured with them, and no more.
      let data = "\(directory)/iris.h5"
      try FileManager.default.copyItem(atPath: Repository.data("iris"), toPath: data)
      try """
      {"data": {"path": "iris.h5"}, "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
       "metrics": ["accuracy"], "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 20, "batchSize": 20}}
      """.write(toFile: "\(directory)/iris.json", atomically: true, encoding: .utf8)
      try train(directory, "\(directory)/iris.json", "iris")
      let whole = try page(directory, ["iris"])
      #expect(whole.contains("<h2>Columns</h2>") && whole.contains("petal length (cm)"))
      try FileManager.default.removeItem(atPath: data)
      let part = try page(directory, ["iris"])
      #expect(part.contains("<h2>Parameters</h2>") && !part.contains("<h2>Columns</h2>") && part.contains("iris.h5"))
      try TrainerBinary.run("report", "iris", "--group", "test", in: directory).expectError(3, "iris.h5")
    }
  }
}
