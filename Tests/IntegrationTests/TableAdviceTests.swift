import TestSupport
import Testing

/// What the command line says to do about tables that it does not take: options that exist.
@Suite struct TableAdviceTests {
  @Test func tablesOfText() throws {
    try withWorkshop { workshop in
      func importing(_ text: String, _ options: String...) throws -> CommandResult {
        try workshop.write("x.csv", text)
        return try TrainerBinary.run(
          ["data", "import", "x.csv", "-o", "x.h5", "--overwrite"] + options, in: workshop.directory)
      }
      let years = "2001,2002,y\n1,2,p\n3,4,p\n"
      try importing(years).expectError(3, "'x.csv', line 1", "add --no-header", "add --header")
      let named = try importing(years, "--header")
      #expect(named.status == 0 && named.output.contains("2 train samples of 2 inputs in 1 class ("))
      #expect(named.errors.contains("warning: all samples are of one class"))
      try importing("a,y\n1,p\n# end\n").expectError(3, "line 3", "add --comment '#'")
      try importing("a,y\n1,NA\n").expectError(3, "leave such rows out with --drop-missing-targets", "--no-default-na")
      let empty = try importing("a,y\n1,\n")
      empty.expectError(3, "leave such rows out with --drop-missing-targets")
      #expect(!empty.errors.contains("--no-default-na"))
      try importing("a;y\n1;1,5\n").expectError(3, "--decimal", "--task classification")
      try importing("a\ty\n1,500\tp\n").expectError(3, "name the mark with --thousands if it stands between thousands")
      try importing("a,y\n1,1\n1,2\n1,x\n").expectError(3, "--task classification")
      try TrainerBinary.run("data", "import", "-", "-o", "x.h5", in: workshop.directory).expectError(2, "reads files")
    }
  }
}
