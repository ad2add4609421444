import CKernels
import Foundations
import Glibc

/// An element type that the kernels compute in: `Float` or `Double`.
///
/// Code above `Kernels` is generic over it and written once; the loops behind it are compiled per type and per
/// instruction set.
public protocol KernelElement: BinaryFloatingPoint, Sendable, LosslessStringConvertible {
  /// The type's name in configs and files.
  static var elementType: ElementType { get }
  /// The kernels of one instruction set for this type.
  static func table(of isa: UnsafePointer<ck_isa>) -> UnsafePointer<ck_table>
}

extension Float: KernelElement {
  /// `float32`.
  public static var elementType: ElementType { .float32 }
  /// The binary32 kernels.
  public static func table(of isa: UnsafePointer<ck_isa>) -> UnsafePointer<ck_table> { isa.pointee.f32 }
}

extension Double: KernelElement {
  /// `float64`.
  public static var elementType: ElementType { .float64 }
  /// The binary64 kernels.
  public static func table(of isa: UnsafePointer<ck_isa>) -> UnsafePointer<ck_table> { isa.pointee.f64 }
}

/// The instruction sets that the kernels were compiled for and that this processor runs.
///
/// The environment variable `TRAINER_ISA` leaves out those that are better than the one it names, so that a processor can
/// be measured, or give the bits, as an older one. It is read once, when the program starts.
public struct InstructionSet: Sendable {
  private let index: Int32

  /// All that this processor runs and `TRAINER_ISA` does not leave out, best first; never empty, since the platform's baseline is always among them.
  public static var available: [InstructionSet] { (0..<ck_available_count()).map(InstructionSet.init(index:)) }
  /// The first of ``available``.
  public static var best: InstructionSet { InstructionSet(index: 0) }

  /// `avx512`, `avx2` or `plain`.
  public var name: String { String(cString: isa.pointee.name) }

  /// Checks what `TRAINER_ISA` names, if the environment has it.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it is no instruction set that this processor runs; then nothing was
  ///   left out.
  public static func requireKnownCap() throws {
    guard let value = getenv(CK_ISA_VARIABLE) else { return }
    let name = String(cString: value)
    guard !name.isEmpty, !available.contains(where: { $0.name == name }) else { return }
    let names = available.map(\.name).joined(separator: ", ")
    throw TrainerError(
      .usage,
      "the environment's \(CK_ISA_VARIABLE): found '\(name)', expected one of the instruction sets that this processor "
        + "runs: \(names)")
  }

  private var isa: UnsafePointer<ck_isa> { ck_available(index) }

  /// The kernels for elements of type `Scalar`.
  package func kernels<Scalar: KernelElement>(for type: Scalar.Type = Scalar.self) -> Kernels<Scalar> {
    Kernels(table: Scalar.table(of: isa))
  }
}
