import Foundation
import Foundations
import TestSupport
import Testing

/// `data import` tells formats by contents, takes the options of each, and refuses those of others.
@Suite struct DataFormatTests {
  private func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

  private func fixture(_ file: String, _ list: String, _ name: String) throws -> JSONValue {
    try #require(try Fixture.read(file).member(list).elements?.first { $0["name"]?.text == name })
  }

  @Test func contentsTellTheFormatWhateverTheName() throws {
    try withWorkshop { workshop in
      let files: [([UInt8], String)] = [
        (
          try fixture("arrays", "archives", "deflated").member("bytes").hexadecimalBytes,
          "12 train + 8 test samples of 3 inputs in 3 classes"
        ),
        (try fixture("arrays", "arrays", "<i4 C").member("bytes").hexadecimalBytes, "2 train samples of 2 inputs"),
        (
          Array(try fixture("sparse", "tables", "signs").member("text").text?.utf8 ?? "".utf8),
          "samples of 6 inputs in 2 classes"
        ),
        (
          Array("{\"a\": 1, \"y\": 0.5}\n{\"a\": 2, \"y\": 1.5}\n".utf8),
          "2 train samples of 1 inputs with a number as target"
        ),
        (
          Array("a,b,y\n1,2,0.5\n3,4,1.5\n".utf8),
          "2 train samples of 2 inputs with a number as target (delimiter: comma)"
        ),
      ]
      for (number, (bytes, summary)) in files.enumerated() {
        let (input, output) = (workshop.path("data-\(number)"), workshop.path("\(number).h5"))
        // The last column of this array holds what no target is.
        let options = number == 1 ? ["--target", "1"] : []
        try write(bytes, input)
        let result = try TrainerBinary.run(
          ["data", "import", input, "-o", output, "--task", number == 1 ? "regression" : "automatic"] + options)
        #expect(result.status == 0 && result.output.contains(summary), "\(result.output)\(result.errors)")
      }
    }
  }

  @Test func namesCountWhereContentsCannotTell() throws {
    try withWorkshop { workshop in
      for (name, text, part) in [
        ("t.jsonl", "x\n", "line 1: it begins with 'x', expected an object in braces"),
        ("t.libsvm", "x 1\n", "line 1: '1' is no index with a value"), ("t.npz", "", "is a damaged ZIP archive"),
        ("t.npy", "", "is no array of NumPy"), ("t.csv", "", "holds no samples"),
        ("t.dat", "\u{1}\n", "is of no known format; expected csv, idx, npy, npz, libsvm, jsonl, images"),
      ] {
        try workshop.write(name, text)
        try TrainerBinary.run("data", "import", workshop.path(name), "-o", workshop.path("o.h5")).expectError(
          3, name, part)
      }
      try workshop.write("t.tsv", "a b\tc,d\n1\t2\n3\t4\n")
      let result = try TrainerBinary.run("data", "import", workshop.path("t.tsv"), "-o", workshop.path("o.h5"))
      #expect(result.output.contains("(delimiter: tab)"), "\(result.errors)")
    }
  }

  @Test func optionsOfOtherFormatsAreRefused() throws {
    try withWorkshop { workshop in
      try write(try fixture("arrays", "arrays", "<f4 C").member("bytes").hexadecimalBytes, workshop.path("x"))
      for (options, part) in [
        (["--labels", "y"], "--labels is only for IDX files"),
        (["--delimiter", ";"], "--delimiter is only for CSV and TSV"),
        (["--inputs", "x"], "--inputs is only for NPZ files"),
        (["--test", "t"], "--test is only for CSV and TSV, LIBSVM,"),
        (["--target", "1", "--targets", "y"], "--target names a column of INPUT and --targets another file"),
        (
          ["--format", "nyp"],
          "--format is 'nyp', expected csv, idx, npy, npz, libsvm, jsonl, images, tsv; did you mean npy?"
        ),
        (
          ["--targets", "y", "--test-inputs", "t"],
          "give --test-inputs, and --test-targets exactly if there is --targets"
        ),
      ] {
        try TrainerBinary.run(["data", "import", workshop.path("x"), "-o", workshop.path("o.h5")] + options)
          .expectError(2, part)
      }
    }
  }
}
