import Foundation

/// libdeflate (Biggers), opened when it is first needed: two to three times as fast as zlib.
struct DeflateLibrary: Sendable {
  /// `nil` where it is not installed.
  static let shared = DeflateLibrary()

  private typealias Make = @convention(c) () -> OpaquePointer?
  private typealias Free = @convention(c) (OpaquePointer?) -> Void
  private typealias Decompress =
    @convention(c) (
      OpaquePointer?, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<Int>?
    ) -> Int32

  private let make: Make
  private let free: Free
  private let decompress: Decompress

  private init?() {
    guard let library = OpenedLibrary(["libdeflate.so.0"]),
      let make = library.function("libdeflate_alloc_decompressor"),
      let free = library.function("libdeflate_free_decompressor"),
      let decompress = library.function("libdeflate_zlib_decompress")
    else { return nil }
    self.make = unsafeBitCast(make, to: Make.self)
    self.free = unsafeBitCast(free, to: Free.self)
    self.decompress = unsafeBitCast(decompress, to: Decompress.self)
  }

  func makeDecompressor() -> OpaquePointer? { make() }
  func freeDecompressor(_ decompressor: OpaquePointer) { free(decompressor) }

  /// Unpacks a zlib stream; returns the number of bytes, negative if it is damaged or does not fit.
  @inline(__always)
  func unpack(
    _ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer, _ decompressor: OpaquePointer
  ) -> Int {
    var count = 0
    return decompress(decompressor, from.baseAddress, from.count, out.baseAddress, out.count, &count) == 0 ? count : -1
  }
}

/// libzstd, opened when it is first needed.
struct ZstandardLibrary: Sendable {
  /// `nil` where it is not installed.
  static let shared = ZstandardLibrary()

  private typealias Make = @convention(c) () -> OpaquePointer?
  private typealias Free = @convention(c) (OpaquePointer?) -> Int
  private typealias Decompress =
    @convention(c) (
      OpaquePointer?, UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int
    ) -> Int
  private typealias IsError = @convention(c) (Int) -> UInt32

  private let make: Make
  private let free: Free
  private let decompress: Decompress
  private let isError: IsError

  private init?() {
    guard let library = OpenedLibrary(["libzstd.so.1"]), let make = library.function("ZSTD_createDCtx"),
      let free = library.function("ZSTD_freeDCtx"), let decompress = library.function("ZSTD_decompressDCtx"),
      let isError = library.function("ZSTD_isError")
    else { return nil }
    self.make = unsafeBitCast(make, to: Make.self)
    self.free = unsafeBitCast(free, to: Free.self)
    self.decompress = unsafeBitCast(decompress, to: Decompress.self)
    self.isError = unsafeBitCast(isError, to: IsError.self)
  }

  func makeContext() -> OpaquePointer? { make() }
  func freeContext(_ context: OpaquePointer) -> Int { free(context) }

  /// Unpacks frames; returns the number of bytes, negative if they are damaged or do not fit.
  func unpack(
    _ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer, _ context: OpaquePointer
  ) -> Int {
    let count = decompress(context, out.baseAddress, out.count, from.baseAddress, from.count)
    return isError(count) == 0 ? count : -1
  }
}

/// liblz4, opened when it is first needed.
struct LZ4Library: Sendable {
  /// `nil` where it is not installed.
  static let shared = LZ4Library()

  private typealias Decompress = @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?, Int32, Int32) -> Int32

  private let decompress: Decompress

  private init?() {
    guard let library = OpenedLibrary(["liblz4.so.1"]), let decompress = library.function("LZ4_decompress_safe") else {
      return nil
    }
    self.decompress = unsafeBitCast(decompress, to: Decompress.self)
  }

  /// Unpacks one block; returns the number of bytes, negative if it is damaged or does not fit.
  func unpack(_ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int {
    guard let size = Int32(exactly: from.count), let room = Int32(exactly: out.count) else { return -1 }
    return Int(decompress(from.baseAddress, out.baseAddress, size, room))
  }
}

/// A shared library, which stays open until the program ends.
private struct OpenedLibrary {
  private let handle: UnsafeMutableRawPointer

  /// Opens the first of some names that the system finds.
  init?(_ names: [String]) {
    guard let handle = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else { return nil }
    self.handle = handle
  }

  func function(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }
}
