import Foundation
import Foundations
import TestSupport
import Testing
import Training

private func model(_ more: String = "") -> String {
  """
  {"data": {"path": "d.h5"}, "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy"
   \(more.isEmpty ? "" : ", " + more)}
  """
}

private func message(_ text: String) -> String {
  do {
    _ = try RunConfiguration(text: text, source: "x.json", directory: "/home/c")
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// The places and numbers that a config may have.
@Suite struct ConfigurationBoundsTests {
  @Test(arguments: [
    ("/home/c", "/home/c/runs/x"), ("/home/configs", "/home/runs/x"), ("/home/configs/notes/deep", "/home/runs/x"),
    ("/configs/a/configs/b", "/configs/a/runs/x"), ("/home/configs-old", "/home/configs-old/runs/x"),
    ("/configs", "/runs/x"), ("/", "/runs/x"),
  ])
  func runsLieBesideTheNearestConfigsFolder(directory: String, output: String) throws {
    #expect(try RunConfiguration(text: model(), source: "x.json", directory: directory).output == output)
  }

  @Test func pathsThatNoDirectoryCanHaveAreRefused() throws {
    #expect(message(model(#""output": """#)).contains("output: the path is empty"))
    #expect(message(model(#""output": "a\u0000b""#)).contains("output: the path holds a NUL character"))
    #expect(message(model(#""name": "a\u0000b""#)).contains("name: found"))
    let long = String(repeating: "x", count: 300)
    #expect(message(model(#""output": "\#(long)""#)).contains("a part of 300 bytes"))
    #expect(message(model(#""name": "\#(long)""#)).contains("expected the name of a directory"))
    #expect(throws: TrainerError.self) {
      try withScratchDirectory { directory in
        try Data(model().utf8).write(to: URL(filePath: "\(directory)/x.json"))
        _ = try RunConfiguration(file: "\(directory)/x.json", output: "")
      }
    }
  }

  // The largest numbers are no less numbers: a product of two of them is an error, not a trap.
  @Test(arguments: ["9223372036854775807", "1000000000001", "1e300"])
  func numbersHaveBounds(number: String) throws {
    for text in [
      #""training": {"epochs": \#(number)}"#, #""training": {"steps": \#(number)}"#,
      #""training": {"batchSize": \#(number)}"#, #""training": {"shards": \#(number)}"#,
      #""checkpoints": {"keep": \#(number)}"#, #""checkpoints": {"every": {"steps": \#(number)}}"#,
      #""earlyStopping": {"patience": \#(number)}"#, #""schedule": {"type": "step", "every": \#(number)}"#,
      #""schedule": {"type": "constant", "warmup": {"epochs": \#(number)}}"#,
    ] {
      let found = message(model(text))
      #expect(found.contains("expected an integer from 1 to "), "\(text): \(found)")
    }
  }
}
