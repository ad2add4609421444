import CMPI
import Foundation
import Foundations

/// Which MPI to open, and whether it fits the launcher.
package struct MPILibrary: Sendable, Equatable {
  /// What libraries' names stand for.
  package enum Interface: Sendable {
    case openMPI, mpich, standard
  }

  /// The path, as the dynamic loader names it.
  package let path: String
  /// What its handles look like.
  package let interface: Interface
  /// What it calls itself, one line.
  package let version: String

  /// The files to try, in order: what the caller names, else those beside the launcher, else by their names, which the
  /// loader looks up in `LD_LIBRARY_PATH` and where the system keeps libraries.
  ///
  /// - Parameter launcherFile: The program that started this process, if it can be told.
  static func candidates(named file: String?, launcher: RankLauncher?, launcherFile: String?) -> [String] {
    if let file { return [file] }
    let openMPI = ["libmpi.so.40", "libmpi_abi.so.1"]
    // Debian's MPICH has a name of its own; Intel MPI and MVAPICH have MPICH's.
    let mpich = ["libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.1"]
    let names =
      switch launcher?.kind {
      case .openMPI: openMPI
      case .hydra, .slurmWithPMI: mpich
      case .slurmWithPMIx: openMPI + mpich.dropLast()
      case .slurmAlone, nil: openMPI.dropLast() + mpich
      }
    var folders = launcher?.libraryFolders ?? []
    if let launcherFile {
      let parent = URL(fileURLWithPath: launcherFile).deletingLastPathComponent().deletingLastPathComponent()
      folders.append(parent.appendingPathComponent("lib").path)
    }
    return folders.flatMap { folder in names.map { "\(folder)/\($0)" } } + names
  }

  /// The program that started this process, if the system tells.
  static var parentFile: String? {
    do {
      return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(getppid())/exe")
    } catch _ {
      // That of another user's process is a secret. The loader finds most libraries by their names.
      return nil
    }
  }

  /// Opens the first library there is.
  ///
  /// - Parameter file: The library that the user wants, if one.
  /// - Throws: `TrainerError` if there is none, or if the one that is wanted is none.
  package static func open(named file: String?, launcher: RankLauncher?) throws -> MPILibrary {
    var text = [CChar](repeating: 0, count: Int(cmpi_text_size))
    let candidates = Self.candidates(named: file, launcher: launcher, launcherFile: launcher == nil ? nil : parentFile)
    for candidate in candidates {
      let interface: Interface
      switch cmpi_abi(UInt32(cmpi_open(candidate, &text))) {
      case cmpi_open_mpi: interface = .openMPI
      case cmpi_mpich: interface = .mpich
      case cmpi_standard: interface = .standard
      default: continue
      }
      let path = cmpi_path().map { String(cString: $0) } ?? candidate
      cmpi_version(&text)
      return MPILibrary(path: path, interface: interface, version: string(text))
    }
    if let file {
      throw TrainerError(
        .usage, "'\(file)' cannot be opened as an MPI library: \(string(text).onOneLine)",
        remedy: .init("mpiLibrary", "name the libmpi.so of the MPI whose launcher starts the ranks"))
    }
    let what = launcher.map { "\($0.name) started this process" } ?? "ranks were asked for"
    throw TrainerError(
      .usage, "\(what), but no MPI library is found: tried \(candidates.joined(separator: ", "))",
      remedy: .init("mpiLibrary", "install the launcher's MPI, or name its libmpi.so"))
  }

  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Refuses a library that knows of one process where the launcher started several: each would train alone, and all
  /// would write the same files.
  ///
  /// - Throws: `TrainerError`.
  func requireSize(_ size: Int, launcher: RankLauncher?) throws {
    guard let launcher, let processes = launcher.processes, processes != size else { return }
    let needsOpenMPI = interface == .openMPI && launcher.kind != .slurmWithPMIx
    throw TrainerError(
      .usage,
      "\(launcher.name) started \(processes) processes, but the MPI in '\(path)' (\(version)) knows of \(size): the two belong to different MPIs",
      remedy: .init(
        needsOpenMPI ? "openMPILauncher" : "mpichLauncher",
        "start it by a launcher of \(needsOpenMPI ? "Open MPI" : "MPICH"), or use the launcher's own library"))
  }
}
