import CHDF5
import Foundations

extension Datatype {
  private static let mostMembers = 12
  private static let mostDepth = 3

  /// For people, with what the type is made of: `compound (a: float32, b: string (5 bytes, ASCII))`,
  /// `enumeration int8 (FALSE = 0, TRUE = 1)`, `array 3 of int32`, `opaque 'tag', 2 bytes`, `reference to a region`.
  ///
  /// Of many members the first are named. Names are those of the file, escaped.
  public var detail: String {
    guard case .other = kind else { return description }
    return handle.lending { id in Library.value { Self.detail(id, depth: 0) } } ?? description
  }

  /// Part of a locked call, as all below.
  private static func detail(_ id: hid_t, depth: Int) -> String {
    guard id >= 0 else { return "unknown type" }
    guard depth < mostDepth else { return "…" }
    switch H5Tget_class(id) {
    case H5T_INTEGER:
      return NumberFields.integerFault(id)
        ?? (H5Tget_sign(id) == H5T_SGN_NONE ? "uint" : "int") + "\(8 * H5Tget_size(id))" + order(id)
    case H5T_FLOAT: return NumberFields.floatingPointFault(id) ?? "float\(8 * H5Tget_size(id))" + order(id)
    case H5T_STRING:
      return H5Tis_variable_str(id) > 0 ? "string" : "string of \(H5Tget_size(id)) bytes"
    case H5T_COMPOUND: return "compound (" + members(id, depth: depth) + ")"
    case H5T_ENUM: return "enumeration " + base(id, depth: depth) + " (" + names(id) + ")"
    case H5T_ARRAY:
      var extents = [hsize_t](repeating: 0, count: max(0, Int(H5Tget_array_ndims(id))))
      H5Tget_array_dims2(id, &extents)
      return "array " + extents.map(String.init).joined(separator: " x ") + " of " + base(id, depth: depth)
    case H5T_VLEN: return "variable-length sequence of " + base(id, depth: depth)
    case H5T_OPAQUE:
      let tag = text(H5Tget_tag(id))
      return "opaque\(tag.isEmpty ? "" : " '\(tag)',") \(H5Tget_size(id)) bytes"
    case H5T_REFERENCE:
      return H5Tequal(id, chdf5_region_reference()) > 0 ? "reference to a region" : "reference to an object"
    case H5T_BITFIELD: return "bit field of \(8 * H5Tget_size(id)) bits"
    case H5T_TIME: return "time"
    default: return "unknown type"
    }
  }

  private static func order(_ id: hid_t) -> String {
    H5Tget_size(id) > 1 && H5Tget_order(id) == H5T_ORDER_BE ? " " + ByteOrder.bigEndian.rawValue : ""
  }

  private static func base(_ id: hid_t, depth: Int) -> String {
    let base = H5Tget_super(id)
    defer { if base >= 0 { H5Tclose(base) } }
    return detail(base, depth: depth + 1)
  }

  private static func members(_ id: hid_t, depth: Int) -> String {
    let count = max(0, Int(H5Tget_nmembers(id)))
    let shown = (0..<min(count, mostMembers)).map { index in
      let type = H5Tget_member_type(id, UInt32(index))
      defer { if type >= 0 { H5Tclose(type) } }
      return "\(text(H5Tget_member_name(id, UInt32(index)))): \(detail(type, depth: depth + 1))"
    }
    return (shown + (count > mostMembers ? ["… \(count - mostMembers) more"] : [])).joined(separator: ", ")
  }

  private static func names(_ id: hid_t) -> String {
    let count = max(0, Int(H5Tget_nmembers(id)))
    let base = H5Tget_super(id)
    defer { if base >= 0 { H5Tclose(base) } }
    let shown = (0..<min(count, mostMembers)).map { index in
      let name = text(H5Tget_member_name(id, UInt32(index)))
      var value: Int64 = 0
      // The value has the base's bytes, at most eight, and is converted in place.
      guard H5Tget_class(base) == H5T_INTEGER, NumberFields.integerFault(base) == nil,
        H5Tget_member_value(id, UInt32(index), &value) >= 0,
        H5Tconvert(base, NumberType.int64.nativeIdentifier, 1, &value, nil, chdf5_property_default()) >= 0
      else { return name }
      return "\(name) = \(value)"
    }
    return (shown + (count > mostMembers ? ["… \(count - mostMembers) more"] : [])).joined(separator: ", ")
  }

  /// Takes over a text that the library allocated.
  private static func text(_ characters: UnsafeMutablePointer<CChar>?) -> String {
    guard let characters else { return "" }
    defer { H5free_memory(characters) }
    let text = String(cString: characters).onOneLine
    return text.count > 40 ? text.prefix(40) + "…" : text
  }
}

extension Handle {
  /// Lends the identifier; `nil` if the object was closed.
  fileprivate func lending<Result>(_ body: (hid_t) -> Result) -> Result? {
    guard !isClosed else { return nil }
    do { return try use(body) } catch _ { return nil }
  }
}
