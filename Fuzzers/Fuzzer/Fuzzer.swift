import CFuzzer
import Foundation

/// Runs one parser on what libFuzzer makes of the files in a folder: `Fuzzer PARSER FOLDER [options of libFuzzer]`.
@main
struct Fuzzer {
  static func main() {
    let name = CommandLine.arguments.dropFirst().first ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
      FileHandle.standardError.write(Data("error: '\(name)' is no parser; expected \(names)\n".utf8))
      exit(2)
    }
    FuzzTarget.current = target
    // libFuzzer sees the arguments behind the parser's name, with the program's in front.
    var count = CommandLine.argc - 1
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
    arguments?[0] = CommandLine.unsafeArgv[0]
    exit(
      LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        FuzzTarget.current.run(UnsafeRawBufferPointer(start: data, count: size))
        return 0
      })
  }
}
