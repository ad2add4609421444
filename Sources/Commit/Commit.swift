/// The commit that the program was built from, 40 hexadecimal digits, with `+modified` behind them where files had changed
/// since; empty if it is not known.
///
/// Note [The commit's own target]: the name is in a file that the plugin `FindCommit` writes. Nothing of it may reach the
/// module's interface, or each commit would have everything compiled anew; so this file alone is, and the program linked.
@inline(never)
package func commitName() -> String { commit }
