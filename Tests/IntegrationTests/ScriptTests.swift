import Foundation
import Foundations
import TestSupport
import Testing

/// The scripts that say which commit is built, install the program and cut releases.
@Suite struct ScriptTests {
  private static func script(_ name: String) -> String { "\(Repository.path)/scripts/\(name)" }

  /// Runs git in a folder, as somebody, whatever the machine's settings are.
  @discardableResult
  private static func git(_ folder: String, _ arguments: String...) throws -> String {
    let result = try Tool.run(
      "git",
      ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"] + arguments)
    #expect(result.status == 0, "git \(arguments): \(result.output)")
    return result.output.trimmingCharacters(in: .newlines)
  }

  // MARK: The commit

  @Test(.enabled(if: Tool.path(of: "git") != nil)) func theCommitIsThatOfTheWholeRepository() throws {
    try withScratchDirectory { directory in
      let (package, file) = (directory + "/package", directory + "/CommitName.swift")
      try FileManager.default.createDirectory(atPath: package + "/inner", withIntermediateDirectories: true)
      func name(of folder: String) throws -> String {
        let result = try Tool.run("sh", [Self.script("commit"), folder, file])
        #expect(result.status == 0 && result.output == "")
        return try String(contentsOfFile: file, encoding: .utf8)
      }
      #expect(try name(of: package) == "let commit = \"\"\n", "no repository")
      try Self.git(package, "init", "--quiet")
      #expect(try name(of: package) == "let commit = \"\"\n", "no commit yet")
      try "a".write(toFile: package + "/a", atomically: true, encoding: .utf8)
      try Self.git(package, "add", "a")
      try Self.git(package, "commit", "--quiet", "-m", "a")
      let commit = try Self.git(package, "rev-parse", "HEAD")
      #expect(try name(of: package) == "let commit = \"\(commit)\"\n")
      // A file that is as it was is not written: nothing is compiled.
      let old = Date(timeIntervalSince1970: 1e9)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file)
      _ = try name(of: package)
      #expect(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date == old)
      try "new".write(toFile: package + "/untracked", atomically: true, encoding: .utf8)
      #expect(try name(of: package) == "let commit = \"\(commit)\"\n")
      try "b".write(toFile: package + "/a", atomically: true, encoding: .utf8)
      #expect(try name(of: package) == "let commit = \"\(commit)+modified\"\n")
      #expect(try name(of: package + "/inner") == "let commit = \"\"\n", "a folder within somebody's repository")
    }
  }

  // MARK: Installing

  @Test(.enabled(if: Tool.path(of: "python3") != nil)) func whatIsInstalledIsUninstalled() throws {
    try withScratchDirectory { directory in
      let install = Self.script("install")
      let root = directory + "/stage/opt/x y"
      let paths = ["--prefix", "/opt/x y", "--destdir", directory + "/stage"]
      let result = try Tool.run(install, ["--binary", TrainerBinary.path] + paths)
      try #require(result.status == 0, "\(result.output)")
      #expect(result.output.hasPrefix("installed trainer \(Program.version)"), "\(result.output)")
      let found = try files(in: root)
      for path in [
        "bin/trainer", "share/man/man1/trainer.1.gz", "share/man/man1/trainer-data-import.1.gz",
        "share/bash-completion/completions/trainer", "share/zsh/site-functions/_trainer",
        "share/fish/vendor_completions.d/trainer.fish", "share/doc/trainer/README.md", "share/doc/trainer/LICENSE",
        "share/doc/trainer/examples/configs/softmax.json", "share/doc/trainer/examples/data/digits.h5",
      ] { #expect(found.contains(path), "\(path)") }
      #expect(!found.contains { $0.hasSuffix(".new") })
      let completion = root + "/share/bash-completion/completions/trainer"
      let loaded = try Tool.run("bash", ["-c", ". \"$0\" && complete -p trainer", completion])
      #expect(loaded.status == 0 && loaded.output.hasPrefix("complete "), "\(loaded.output)")
      let page = try Tool.run("zcat", [root + "/share/man/man1/trainer-sweep.1.gz"]).output
      #expect(page.contains("\n.SH EXAMPLES\n.RS 4\n.nf\ntrainer sweep configs/softmax.json \\e\n"), "\(page)")
      #expect(page.contains("\n\\fB\\-\\-jobs\\fR \\fIn\\fR\n"))

      // Beside what is somebody else's, once more over what is there.
      let other = root + "/share/man/man1/other.1.gz"
      try "x".write(toFile: other, atomically: true, encoding: .utf8)
      #expect(try Tool.run(install, ["--binary", TrainerBinary.path] + paths).status == 0)
      #expect(try Tool.run(install, ["--uninstall"] + paths).status == 0)
      #expect(try files(in: root) == ["share", "share/man", "share/man/man1", "share/man/man1/other.1.gz"])
      let again = try Tool.run(install, ["--uninstall"] + paths)
      #expect(again.status == 2 && again.output.contains("is not there; name the folder"), "\(again.output)")
    }
  }

  // MARK: Releases

  /// A repository with what `scripts/release` reads, and stand-ins for the tests and the packages.
  private static func withRepository(packages: String = "exit 0", _ body: (String) throws -> Void) throws {
    try withScratchDirectory { directory in
      for folder in ["scripts", "Sources/Foundations", ".ci"] {
        try FileManager.default.createDirectory(atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
      }
      for file in ["scripts/release", "Sources/Foundations/Program.swift"] {
        try FileManager.default.copyItem(atPath: "\(Repository.path)/\(file)", toPath: "\(directory)/\(file)")
      }
      for (file, text) in [
        ("scripts/package", "#!/bin/sh\n\(packages)\n"), (".ci/run", "echo tested\n"), (".gitignore", "/dist/\n"),
        (
          "CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- New.\n\n## [0.0.1] - 2026-01-02\n\n- Old.\n"
        ),
      ] { try text.write(toFile: "\(directory)/\(file)", atomically: true, encoding: .utf8) }
      #expect(chmod(directory + "/scripts/package", 0o755) == 0)
      try git(directory, "init", "--quiet")
      for (key, value) in [("user.name", "A"), ("user.email", "a@example.org"), ("commit.gpgSign", "false")] {
        try git(directory, "config", key, value)
      }
      try git(directory, "add", "-A")
      try git(directory, "commit", "--quiet", "-m", "a")
      try body(directory)
    }
  }

  private static func release(_ directory: String, _ arguments: String...) throws -> (output: String, status: Int32) {
    try Tool.run(directory + "/scripts/release", arguments)
  }

  @Test(.enabled(if: Tool.path(of: "git") != nil)) func aDryReleaseChangesNothing() throws {
    try Self.withRepository { directory in
      let before = try (files(in: directory), Self.git(directory, "rev-parse", "HEAD"))
      let result = try Self.release(directory, "--dry-run", "12.3.4")
      #expect(result.status == 0, "\(result.output)")
      for part in [
        "dry run: nothing is changed\n", "tests      .ci/run\n", "  +  package static let version = \"12.3.4\"\n",
        "   ## [Unreleased]\n   \n  +## [12.3.4] - 20", "commit     Release 12.3.4\n", "tag        v12.3.4\n",
        "NOTES.md, entries: 1\n  # trainer 12.3.4\n",
      ] { #expect(result.output.contains(part), "\(part) in \(result.output)") }
      #expect(try Self.git(directory, "status", "--porcelain") == "")
      #expect(try (files(in: directory), Self.git(directory, "rev-parse", "HEAD")) == before)
      #expect(try Self.git(directory, "tag") == "")
    }
  }

  @Test func theChangelogIsReadyForARelease() throws {
    let text = try String(contentsOfFile: Repository.path + "/CHANGELOG.md", encoding: .utf8)
    #expect(text.matches(of: #/(?m)^## \[Unreleased\]$/#).count == 1)
    let headings = text.split(separator: "\n").filter { $0.hasPrefix("## ") }.dropFirst()
    #expect(headings.allSatisfy { $0.wholeMatch(of: #/## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d/#) != nil }, "\(headings)")
  }

  @Test(.enabled(if: Tool.path(of: "git") != nil)) func aReleaseIsACommitATagAndItsPackages() throws {
    let packages = """
      [ "$1" = tarball ] || exit 0
      mkdir -p "trainer-$3-linux-x"
      echo "trainer $3 for Linux" >"trainer-$3-linux-x/README"
      tar -czf "$5/trainer-$3-linux-x-glibc2.34.tar.gz" "trainer-$3-linux-x"
      rm -r "trainer-$3-linux-x"
      """
    try Self.withRepository(packages: packages) { directory in
      let result = try Self.release(directory, "12.3.4")
      #expect(result.status == 0 && result.output.hasPrefix("tested\n"), "\(result.output)")
      #expect(try Self.git(directory, "log", "--format=%s") == "Release 12.3.4\na")
      #expect(try Self.git(directory, "status", "--porcelain") == "")
      #expect(try Self.git(directory, "rev-parse", "v12.3.4^{commit}") == Self.git(directory, "rev-parse", "HEAD"))
      #expect(
        try Self.git(directory, "tag", "-l", "--format=%(objecttype) %(contents:subject)") == "tag # trainer 12.3.4")
      let changelog = try String(contentsOfFile: directory + "/CHANGELOG.md", encoding: .utf8)
      #expect(changelog.contains(#/\n## \[Unreleased\]\n\n## \[12\.3\.4\] - \d{4}-\d\d-\d\d\n/#))
      let notes = try String(contentsOfFile: directory + "/dist/12.3.4/NOTES.md", encoding: .utf8)
      #expect(notes == "# trainer 12.3.4\n\n### Added\n\n- New.\n")

      // A second one needs something to tell, and a greater version.
      let empty = try Self.release(directory, "--tested", "12.3.5")
      #expect(empty.status == 2 && empty.output.contains("a release that changes nothing is none"), "\(empty.output)")
      let less = try Self.release(directory, "--tested", "12.3.3")
      #expect(less.status == 2 && less.output.contains("less than the last release, 12.3.4"), "\(less.output)")
      #expect(try Self.release(directory, "12.3.4").output.contains("the tag v12.3.4 is there already"))
    }
  }

  @Test(.enabled(if: Tool.path(of: "git") != nil)) func aReleaseThatFailsIsTakenBack() throws {
    try Self.withRepository(packages: "echo broken >&2; exit 3") { directory in
      let commit = try Self.git(directory, "rev-parse", "HEAD")
      let result = try Self.release(directory, "--tested", "12.3.4")
      #expect(result.status == 3 && result.output.contains("no release was made"), "\(result.output)")
      #expect(try Self.git(directory, "rev-parse", "HEAD") == commit && Self.git(directory, "tag") == "")
      #expect(try Self.git(directory, "status", "--porcelain") == "")

      for (version, part) in [
        ("1.2", "is no version"), ("v1.2.3", "is no version"), ("01.2.3", "is no version"),
        ("--fast", "unknown argument"),
      ] {
        let refused = try Self.release(directory, version)
        #expect(refused.status == 2 && refused.output.contains(part), "\(refused.output)")
      }
      try "x".write(toFile: directory + "/new", atomically: true, encoding: .utf8)
      let dirty = try Self.release(directory, "--dry-run", "12.3.4")
      #expect(dirty.status == 2 && dirty.output.contains("the working tree has changes, such as '?? new'"))
    }
  }
}
