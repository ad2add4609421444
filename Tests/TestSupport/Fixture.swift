import Foundation
import Foundations

/// The reference numbers in `Tests/Fixtures`, which its README describes.
public enum Fixture {
  /// Where they lie.
  public static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures").path

  /// The file of that path below the directory, without its extension.
  public static func read(_ name: String) throws -> JSONValue {
    let path = "\(directory)/\(name).json"
    return try JSONDocument(SystemFileSystem().contents(of: path), source: path).root
  }
}

extension JSONValue {
  /// The value of a key that must be there.
  public func member(_ key: String) throws -> JSONValue {
    guard let value = self[key] else { throw TrainerError(.data, "the fixture has no '\(key)' in \(compactText)") }
    return value
  }

  /// All numbers in this value, from any depth of arrays, in order. The strings `inf`, `-inf` and `nan` are numbers.
  public var numbers: [Double] {
    switch self {
    case .integer(let value): [Double(value)]
    case .number(let value): [value]
    case .string(let text): Double(text).map { [$0] } ?? []
    case .array(let elements): elements.flatMap(\.numbers)
    case .null, .boolean, .object: []
    }
  }

  /// The bytes that this string of hexadecimal digits stands for.
  public var hexadecimalBytes: [UInt8] {
    let digits = Array((text ?? "").utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
    }
  }

  /// The shape of a tensor: `{"shape": […], "values": […]}`.
  public var shape: [Int] { self["shape"]?.numbers.map { Int($0) } ?? [] }
  /// The elements of a tensor.
  public var values: [Double] { self["values"]?.numbers ?? [] }
}
