import Foundation
import Foundations

/// What `trainer` alone prints: what to do first.
enum FirstSteps {
  static var text: String {
    let (data, rows) = example
    let name = InitCommand.stem(of: fileName(of: data))
    return """
      trainer trains models on the CPUs of this machine, from a table or HDF5 data.
      To begin:

        trainer init \(data.shellWord)
        trainer run \(name.shellWord).json
        trainer predict runs/\(name.shellWord) \(rows.shellWord)

      The first looks at the data and writes the config that the second trains on; the
      third predicts what is missing in new rows. A file of your own will do as well.
      'trainer --help' lists all commands, 'trainer help init' explains one.

      """
  }

  /// A table that is there, with rows to predict: of a clone, or what is installed beside the program.
  private static var example: (data: String, rows: String) {
    let installed = directory(of: directory(of: executable)) + "/share/doc/trainer/examples/data"
    for folder in ["data", installed] {
      let files = (data: "\(folder)/passengers.csv", rows: "\(folder)/new-passengers.csv")
      if [files.data, files.rows].allSatisfy(FileManager.default.fileExists) { return files }
    }
    return ("mydata.csv", "new.csv")
  }

  private static var executable: String {
    do {
      return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    } catch {
      // Without /proc there is no example to be found.
      return "trainer"
    }
  }
}
