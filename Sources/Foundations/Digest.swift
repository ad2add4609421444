import CCrypto
import Foundation

/// A SHA-256 (FIPS 180-4) of bytes. Its text is `sha256:` and 64 lower-case hexadecimal digits.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  private static var byteCount: Int { 32 }

  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Creates a digest from its 32 bytes, or `nil` if there are not 32.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Reads a digest's text; `nil` if it is not `sha256:` and 64 lower-case hexadecimal digits.
  public init?(_ text: String) {
    let prefix = "sha256:"
    let digits = Array(text.utf8.dropFirst(prefix.count))
    guard text.hasPrefix(prefix), digits.count == 2 * Self.byteCount else { return nil }
    let values = digits.compactMap { digit -> UInt8? in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    guard values.count == digits.count else { return nil }
    bytes = stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
  }

  /// The digest of bytes.
  public init(of bytes: some ContiguousBytes) {
    var stream = Stream()
    stream.update(bytes)
    self = stream.digest
  }

  /// The digest of bytes.
  public init(of bytes: RawSpan) {
    var stream = Stream()
    stream.update(bytes)
    self = stream.digest
  }

  /// `sha256:` and 64 lower-case hexadecimal digits.
  public var description: String {
    let digits = Array("0123456789abcdef")
    return bytes.reduce(into: "sha256:") { text, byte in
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
  }

  /// A digest in the making: bytes are added piece by piece, how they are cut changes nothing.
  public struct Stream: Sendable {
    private var context = DigestContext()

    /// Creates the digest of nothing.
    public init() {}

    /// Adds bytes.
    public mutating func update(_ bytes: some ContiguousBytes) {
      if !isKnownUniquelyReferenced(&context) { context = DigestContext(copying: context) }
      bytes.withUnsafeBytes { context.update($0) }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: RawSpan) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all bytes so far; more may be added afterwards.
    public var digest: Digest {
      // A SHA-256 always has 32 bytes.
      Digest(bytes: DigestContext(copying: context).finish())!
    }
  }
}

/// The state of libcrypto's SHA-256. Nothing that a caller does makes its functions fail, only a lack of memory or a
/// library without SHA-256.
private final class DigestContext: Sendable {
  // Safe to share: `Digest.Stream` changes it only while it alone refers to it.
  nonisolated(unsafe) private let pointer: OpaquePointer

  init() {
    pointer = Self.allocate()
    Self.require(EVP_DigestInit_ex(pointer, EVP_sha256(), nil))
  }

  init(copying other: DigestContext) {
    pointer = Self.allocate()
    Self.require(EVP_MD_CTX_copy_ex(pointer, other.pointer))
  }

  deinit { EVP_MD_CTX_free(pointer) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.baseAddress else { return }
    Self.require(EVP_DigestUpdate(pointer, first, bytes.count))
  }

  /// The digest, after which the context takes no more bytes.
  func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      var length: UInt32 = 0
      Self.require(EVP_DigestFinal_ex(pointer, buffer.baseAddress, &length))
      count = Int(length)
    }
  }

  private static func allocate() -> OpaquePointer {
    guard let pointer = EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest") }
    return pointer
  }

  private static func require(_ result: Int32) { precondition(result == 1, "libcrypto computes no SHA-256") }
}
