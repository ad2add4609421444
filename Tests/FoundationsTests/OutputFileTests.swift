import Foundation
import Foundations
import TestSupport
import Testing

/// Where the result of a command may be put.
@Suite struct OutputFileTests {
  private func refusal(
    _ path: String, mayReplace: Bool = false, inputs: [String] = []
  ) -> OutputFile.Refusal? {
    do {
      try OutputFile(path, mayReplace: mayReplace, inputs: inputs).write([1, 2, 3])
      return nil
    } catch {
      return error as? OutputFile.Refusal
    }
  }

  private func write(_ path: String, _ text: String = "old") throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }
  private func bytes(_ path: String) throws -> [UInt8] { try SystemFileSystem().contents(of: path) }

  @Test func aFileIsReplacedOnlyIfItMayBe() throws {
    try withScratchDirectory { directory in
      let path = directory + "/a"
      #expect(refusal(path) == nil)
      try #expect(bytes(path) == [1, 2, 3])
      try write(path)
      #expect(refusal(path) == .exists(path))
      try #expect(bytes(path) == Array("old".utf8))
      #expect(refusal(path, mayReplace: true) == nil)
      try #expect(bytes(path) == [1, 2, 3])
    }
  }

  // By another name too: a hard link, a symbolic link, a way around.
  @Test func anInputIsNeverReplaced() throws {
    try withScratchDirectory { directory in
      let input = directory + "/input"
      try write(input)
      #expect(link(input, directory + "/hard") == 0 && symlink("input", directory + "/soft") == 0)
      #expect(mkdir(directory + "/d", 0o777) == 0)
      for name in ["input", "hard", "soft", "d/../input"] {
        let found = refusal("\(directory)/\(name)", mayReplace: true, inputs: ["/nowhere", input])
        #expect(found?.description.contains("is an input of the same command (\(input))") == true, "\(name)")
      }
      try #expect(bytes(input) == Array("old".utf8))
    }
  }

  @Test func whatIsNoRegularFileIsNeverReplaced() throws {
    try withScratchDirectory { directory in
      #expect(mkdir(directory + "/folder", 0o777) == 0 && mkfifo(directory + "/pipe", 0o666) == 0)
      #expect(symlink("/nowhere/at/all", directory + "/dangling") == 0)
      let expected = [
        ("folder", "it is a directory"), ("pipe", "it is a named pipe"), ("dangling", "leads to no file"),
        ("none/x", "there is no directory \(directory)/none"),
      ]
      for (name, part) in expected {
        let found = refusal("\(directory)/\(name)", mayReplace: true)
        #expect(found?.description.contains(part) == true, "\(name): \(String(describing: found))")
      }
      // Looked at only: nothing is ever written towards a device.
      var refusals: [String] = []
      do { try OutputFile("/dev/null", mayReplace: true).check() } catch { refusals.append("\(error)") }
      #expect(refusals == ["/dev/null cannot be written: it is a device; name a file"])
    }
  }

  @Test func theFileBehindALinkIsMeant() throws {
    try withScratchDirectory { directory in
      try write(directory + "/target")
      #expect(symlink("target", directory + "/link") == 0)
      #expect(refusal(directory + "/link") == .exists(directory + "/link"))
      #expect(refusal(directory + "/link", mayReplace: true) == nil)
      try #expect(bytes(directory + "/target") == [1, 2, 3])
      try #expect(FileManager.default.destinationOfSymbolicLink(atPath: directory + "/link") == "target")
    }
  }

  @Test func aReadOnlyFileStaysAlsoForRoot() throws {
    try withScratchDirectory { directory in
      let path = directory + "/a"
      try write(path)
      #expect(chmod(path, 0o444) == 0)
      #expect(refusal(path, mayReplace: true)?.description.contains("is read-only") == true)
      try #expect(bytes(path) == Array("old".utf8))
    }
  }

  @Test func namesThatNoFileCanHave() throws {
    try withScratchDirectory { directory in
      let cases = [
        ("", "is empty"), ("a\0b", "holds a NUL"), ("\(directory)/" + String(repeating: "x", count: 256), "256 bytes"),
        (String(repeating: "a/", count: 3000), "6000 bytes"),
      ]
      for (path, part) in cases { #expect(refusal(path)?.description.contains(part) == true, "\(part)") }
      // As long as a name can be is not too long for the temporary file beside it.
      let longest = "\(directory)/" + String(repeating: "x", count: 255)
      #expect(refusal(longest) == nil)
      try #expect(SystemFileSystem().list(directory) == [String(repeating: "x", count: 255)])
    }
  }
}
