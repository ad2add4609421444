"""First and second derivatives of formulas by SymPy, as numbers at points of their domains."""

import sympy

# Formulas of x, with the values of the other names. SymPy reads ^ as a power where it is told to.
FORMULAS = [
    "x^x", "x^n", "n^x", "2^x", "2^(x + 1)", "2^(-x)", "x^pi", "x^(1/3)", "x^-2", "x^3/3", "0.1*x^2", "x^log(x)",
    "(x + 1)/(x - 1)", "1/(1 - x)", "log(x)/x", "sin(x)/x", "(x^2 + 1)/x", "(x^2 - 1)/(x - 1)", "1/x + 1/x^2",
    "x/(x + 1)/(x + 2)", "1/(1/x + 1/y)", "(a*x + b)/(c*x + d)", "x*y/(x + y)", "((x + 1)/(x - 1))^2", "x^2*(x + 1)^5/(x - 1)^2",
    "x*exp(-x^2)", "(x + 1)^2*(x - 2)^3", "x*(x + 1)*(x + 2)", "x^2*y + x*y^2", "a*exp(-b*x)", "x^2*exp(-x)*sin(x)",
    "sqrt(x^2 + 1)", "sqrt(2*x)", "x*sqrt(x^2 + 1)", "sqrt(x)*log(x)", "1/sqrt(x)", "sqrt(1 - x^2)/x", "abs(x)^3", "x*abs(x)",
    "1/(1 + exp(-x))", "log(1 + exp(x))", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tan(x)", "sin(x)/cos(x)", "sinh(x)/cosh(x)",
    "ln(x)", "log10(x)", "log2(x)", "asin(x)", "acos(x)", "atan(x)", "sinh(x)*cosh(x)", "atan(x/y)", "erf(x)", "tanh(x)^2",
    "sin(2*pi*x)", "cos(x)^3*sin(x)", "sin(cos(x^2))", "exp(sin(x))", "e^(-x^2/2)/sqrt(2*pi)", "x^(y^2)", "(2*x)^n", "3^(2*x)",
]
POINTS = ["0.3", "0.7"]
OTHERS = {"n": "2.5", "y": "1.3", "a": "0.6", "b": "1.7", "c": "0.9", "d": "2.1"}

x = sympy.Symbol("x", positive=True)
KNOWN = {
    "x": x, "e": sympy.E, "ln": sympy.log, "abs": sympy.Abs,
    "log2": lambda value: sympy.log(value, 2), "log10": lambda value: sympy.log(value, 10),
    **{name: sympy.Symbol(name, positive=True) for name in OTHERS},
}


def derivatives(formula):
    expression = sympy.parse_expr(formula.replace("^", "**"), local_dict=KNOWN)
    values = {KNOWN[name]: sympy.Rational(value) for name, value in OTHERS.items()}
    for point in POINTS:
        first, second = (
            float(sympy.diff(expression, x, order).subs({**values, x: sympy.Rational(point)}).evalf(30))
            for order in (1, 2)
        )
        yield {"x": float(point), "first": first, "second": second}


def fixtures():
    cases = [{"formula": formula, "points": list(derivatives(formula))} for formula in FORMULAS]
    yield "derivatives.json", {
        "names": {name: float(value) for name, value in OTHERS.items()}, "cases": cases,
    }
