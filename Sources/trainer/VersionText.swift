import Foundations
import HDF5
import Kernels

/// What `trainer --version` prints: a line that programs can read, then what else decides how it behaves and computes.
enum VersionText {
  static var text: String {
    get throws {
      try InstructionSet.requireKnownCap()
      var rows = [(name: "libhdf5", value: libraryVersion), ("Swift", compiler), ("kernels", InstructionSet.best.name)]
      if let commit = Program.commit { rows.insert(("commit", commit), at: 0) }
      return "trainer \(Program.fullVersion)\n\(TextTable(rows, indentation: 2).text)"
    }
  }

  /// The compiler tells its version only by conditions.
  private static var compiler: String {
    #if compiler(>=6.4)
      "6.4 or newer"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2"
    #endif
  }
}
