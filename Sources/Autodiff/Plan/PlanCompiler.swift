import Foundations
import Kernels

/// Turns a graph into a plan: places leaves, fuses element-wise chains, orders instructions and lays out buffers.
struct PlanCompiler<Scalar: KernelElement> {
  struct Compiled {
    var inputs: [Plan<Scalar>.InputSlot] = []
    var instructions: [Plan<Scalar>.Instruction] = []
    var results: [String: ResultPlace] = [:]
    var bufferCount = 0
    var scratchCount = 0
    var constants: [Scalar] = []
    var products: [SampleProduct] = []
    var keptCount = 0
    var packedMatrices: Set<PackedMatrices.Matrix> = []
  }

  /// The memory regions of a run; inputs follow the fixed ones.
  enum Region {
    static var buffers: Int { 0 }
    static var parameters: Int { 1 }
    static var slot: Int { 2 }
    static var constants: Int { 3 }
    static var kept: Int { 4 }
    static var packed: Int { 5 }
  }

  let layout: ParameterLayout
  let kernels: Kernels<Scalar>
  let simplifications: Simplification
  let packed: PackedMatrices?

  var compiled = Compiled()
  /// Where each node's value lies.
  var places: [Int: Operand] = [:]
  /// Nodes that must be copied at the end of the run, and where to.
  var copies: [(from: Int, to: Operand)] = []
  /// Right operands of products that are packed once they are computed.
  var packs: [Pack] = []

  init(layout: ParameterLayout, kernels: Kernels<Scalar>, simplifications: Simplification, packed: PackedMatrices?) {
    self.layout = layout
    self.kernels = kernels
    self.simplifications = simplifications
    self.packed = packed
  }

  mutating func compile(_ outputs: [PlanOutput]) throws -> Compiled {
    guard let original = outputs.first?.node.graph else { return compiled }
    let nodes = try original.simplified(outputs.map(\.node), simplifications)
    let graph = nodes[0].graph
    let products = zip(nodes, outputs).filter { $0.1.isProduct }
    let needed = zip(nodes, outputs).filter { !$0.1.isProduct }.map(\.0) + products.flatMap(\.0.unviewed.inputs)
    let order = graph.order(for: needed, simplifications)
    try placeLeaves(graph, order)

    let fusion = Fusion(
      graph, nodes: order, outputs: Set(needed.map { graph.viewed($0.index) }),
      isEnabled: simplifications.contains(.fusion))
    // The nodes that get code, in order: members of a group are computed at its root, views not at all.
    let computed = order.filter { index in
      places[index] == nil && !graph.records[index].operation.isView && (fusion.roots[index] ?? index) == index
    }
    placeSlotOutputs(graph, zip(nodes, outputs.map(\.place)), computed: Set(computed))
    for case (let product, .product(let rereadsInput)) in products.map({ ($0.0, $0.1.place) }) {
      place(product, rereadsInput: rereadsInput, computed: Set(computed))
    }
    let results = zip(nodes, outputs).filter { !$0.1.isProduct }.map { graph.viewed($0.0.index) }
    assignBuffers(graph, computed, fusion, kept: results + copies.map { graph.viewed($0.from) })
    for index in order where graph.records[index].operation.isView {
      places[index] = places[graph.viewed(index)]
    }
    for index in order where places[index] != nil && !computed.contains(index) { emitPacks(of: index) }
    for index in computed {
      emit(graph, index, fusion)
      emitPacks(of: index)
    }
    for (from, target) in copies { emitCopy(graph, from, to: target) }
    for (node, output) in zip(nodes, outputs) {
      if case .result(let name) = output.place, let place = places[node.index] {
        compiled.results[name] = ResultPlace(operand: place, count: node.shape.elementCount)
      }
    }
    return compiled
  }

  private mutating func placeLeaves(_ graph: Graph, _ order: [Int]) throws {
    for index in order {
      switch graph.records[index].operation {
      case let input as Input:
        places[index] = Operand(region: Workspace<Scalar>.fixedRegions + compiled.inputs.count, offset: 0)
        compiled.inputs.append(.init(name: input.inputName, shape: input.storedShape))
      case let parameter as Parameter:
        guard let entry = layout[parameter.parameterName], entry.shape == parameter.storedShape else {
          throw TrainerError(
            .usage, "the layout has no parameter '\(parameter.parameterName)' of shape \(parameter.storedShape)")
        }
        places[index] = Operand(region: Region.parameters, offset: entry.offset)
      case let constant as Constant: placeConstant(constant.values, of: index)
      case let variable as Variable: placeConstant(variable.values, of: index)
      default: continue
      }
    }
  }

  private mutating func placeConstant(_ values: [Double], of index: Int) {
    places[index] = Operand(region: Region.constants, offset: compiled.constants.count)
    compiled.constants.append(contentsOf: values.map { Scalar($0) })
  }

  /// Lets slot outputs be computed in place; those that are leaves, views of leaves, or already placed are copied there.
  private mutating func placeSlotOutputs(
    _ graph: Graph, _ outputs: Zip2Sequence<[Node], [PlanOutput.Place]>, computed: Set<Int>
  ) {
    for (node, place) in outputs {
      guard case .slot(let offset) = place else { continue }
      let source = graph.viewed(node.index)
      if computed.contains(source), places[source] == nil {
        places[source] = Operand(region: Region.slot, offset: offset)
      } else {
        copies.append((node.index, Operand(region: Region.slot, offset: offset)))
      }
    }
  }

  /// The nodes outside a computed node's group whose values its code reads, looking through views.
  private func reads(_ graph: Graph, _ index: Int, _ fusion: Fusion) -> [Int] {
    let members = fusion.members[index] ?? [index]
    return members.flatMap { graph.records[$0].inputs }.filter { !members.contains($0) }.map { graph.viewed($0) }
  }

  private mutating func assignBuffers(_ graph: Graph, _ computed: [Int], _ fusion: Fusion, kept: [Int]) {
    var buffers: [Int: BufferAssignment.Buffer] = [:]
    for (position, index) in computed.enumerated() {
      for read in reads(graph, index, fusion) { buffers[read]?.lastUse = position }
      guard places[index] == nil else { continue }
      let count = graph.records[index].shape.elementCount
      buffers[index] = .init(count: count, firstUse: position, lastUse: position)
    }
    for index in kept { buffers[index]?.lastUse = computed.count }
    let assignment = BufferAssignment(buffers)
    for (index, offset) in assignment.offsets { places[index] = Operand(region: Region.buffers, offset: offset) }
    compiled.bufferCount = assignment.count
  }

  private mutating func emit(_ graph: Graph, _ index: Int, _ fusion: Fusion) {
    let record = graph.records[index]
    guard let output = places[index] else { preconditionFailure("node \(index) has no place") }
    let body: KernelBody<Scalar>
    var columnProduct: Plan<Scalar>.ColumnProduct?
    let members = fusion.members[index] ?? [index]
    if let product = graph.records[members[0]].operation as? MatrixMultiply {
      let parts = parts(graph, members)
      let (shapes, bias) = (parts.shapes, parts.bias)
      var operands = parts.operands
      let matrix = packedRight(of: product, operands: operands, shapes: shapes)
      if let matrix {
        operands[1] = Operand(region: Region.packed, offset: matrix.offset)
        compiled.packedMatrices.insert(matrix)
      }
      let site = KernelSite(
        kernels: kernels, inputs: operands, inputShapes: shapes, output: output, outputShape: record.shape)
      body = product.kernel(at: site, bias: bias, isRectified: members.count > 2, isRightPacked: matrix != nil)
      columnProduct = matrix.map {
        .init(matrix: $0, body: product.columnKernel(at: site, bias: bias, isRectified: members.count > 2))
      }
      compiled.scratchCount = max(compiled.scratchCount, product.scratchCount(inputs: shapes, kernels: kernels))
    } else if let product = graph.records[members[0]].operation as? any BiasedOperation {
      let parts = parts(graph, members)
      body = product.kernel(
        at: KernelSite(
          kernels: kernels, inputs: parts.operands, inputShapes: parts.shapes, output: output,
          outputShape: record.shape), bias: parts.bias, isRectified: members.count > 2)
      compiled.scratchCount = max(compiled.scratchCount, product.scratchCount(inputs: parts.shapes, kernels: kernels))
    } else if fusion.members[index] != nil {
      let program = makeProgram(graph, members, into: output)
      compiled.scratchCount = max(compiled.scratchCount, program.scratchCount)
      body = { frame in program.run(frame) }
    } else {
      let shapes = record.inputs.map { graph.records[$0].shape }
      let site = KernelSite(
        kernels: kernels, inputs: record.inputs.compactMap { places[$0] }, inputShapes: shapes, output: output,
        outputShape: record.shape)
      body = record.operation.kernel(at: site)
      compiled.scratchCount = max(
        compiled.scratchCount, record.operation.scratchCount(inputs: shapes, kernels: kernels))
    }
    let work = members.reduce(0) { total, member in
      let record = graph.records[member]
      return total
        + record.operation.floatingPointOperations(
          inputs: record.inputs.map { graph.records[$0].shape }, output: record.shape)
    }
    compiled.instructions.append(
      .init(
        name: members.map { graph.records[$0].operation.name }.joined(separator: "+"), body: body, output: output,
        outputShape: record.shape, inputs: reads(graph, index, fusion).compactMap { places[$0] },
        floatingPointOperations: work, columnProduct: columnProduct))
  }

  /// The operands of a group's product, and its bias, if it has one.
  private func parts(_ graph: Graph, _ members: [Int]) -> (operands: [Operand], shapes: [Shape], bias: Operand?) {
    let product = graph.records[members[0]]
    let bias = members.count > 1 ? graph.records[members[1]].inputs.first { $0 != members[0] } : nil
    return (
      product.inputs.compactMap { places[$0] }, product.inputs.map { graph.records[$0].shape },
      bias.flatMap { places[$0] }
    )
  }

  /// The right operand of a product of matrices, if it is a matrix that lies in the kernels' own order.
  private func packedRight(of product: MatrixMultiply, operands: [Operand], shapes: [Shape]) -> PackedMatrices.Matrix? {
    guard let packed, operands[1].region == Region.parameters, shapes[0].count == 2, !product.transposesLeft,
      let matrix = packed.matrix(at: operands[1].offset, isTransposed: product.transposesRight),
      shapes[1] == [matrix.rows, matrix.columns]
    else { return nil }
    return matrix
  }

  private mutating func emitCopy(_ graph: Graph, _ index: Int, to output: Operand) {
    guard let source = places[index] else { preconditionFailure("node \(index) has no place") }
    let shape = graph.records[index].shape
    let (copy, count) = (kernels.copyLoop, shape.elementCount)
    compiled.instructions.append(
      .init(
        name: "copy", body: { frame in copy(count, frame.pointer(source), frame.pointer(output)) }, output: output,
        outputShape: shape, inputs: [source], floatingPointOperations: 0))
  }

  /// Compiles a group of element-wise nodes, of which the last is the result.
  private func makeProgram(_ graph: Graph, _ members: [Int], into output: Operand) -> ElementwiseProgram<Scalar> {
    let shape = graph.records[members[members.count - 1]].shape
    var program = ElementwiseProgram(shape: shape, kernels: kernels)
    var lastUse: [Int: Int] = [:]
    for (position, member) in members.enumerated() {
      for input in graph.records[member].inputs { lastUse[input] = position }
    }
    var registers: [Int: Int] = [:]
    var free: [Int] = []
    func takeRegister() -> Int {
      if let register = free.popLast() { return register }
      program.registerCount += 1
      return program.registerCount - 1
    }
    // Broadcast operands keep their registers throughout: uniform ones are loaded once for all tiles.
    var arguments: [Int: ElementwiseProgram<Scalar>.Argument] = [:]
    for input in Set(members.flatMap { graph.records[$0].inputs }).subtracting(members).sorted() {
      guard let place = places[input] else { preconditionFailure("node \(input) has no place") }
      if graph.records[input].shape == shape {
        arguments[input] = .whole(place)
      } else {
        let register = takeRegister()
        program.loads.append(
          .init(source: place, strides: graph.records[input].shape.strides(broadcastTo: shape), register: register))
        arguments[input] = .register(register)
      }
    }
    for (position, member) in members.enumerated() {
      let record = graph.records[member]
      let operands = record.inputs.compactMap { arguments[$0] }
      for input in Set(record.inputs) where lastUse[input] == position {
        if let register = registers.removeValue(forKey: input) { free.append(register) }
      }
      let out: ElementwiseProgram<Scalar>.Argument
      if position == members.count - 1 {
        out = .whole(output)
      } else {
        let register = takeRegister()
        registers[member] = register
        out = .register(register)
      }
      arguments[member] = out
      guard let operation = record.operation as? any ElementwiseOperation else {
        preconditionFailure("'\(record.operation.name)' is not element-wise")
      }
      program.steps.append(
        .init(
          loop: operation.loop(of: kernels), x: operands[0], y: operands.count > 1 ? operands[1] : operands[0],
          z: operands.count > 2 ? operands[2] : operands[0], out: out))
    }
    return program
  }
}
