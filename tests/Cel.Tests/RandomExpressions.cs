using CsCheck;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>Texts of expressions over the ints a and b, the string s, the list l and the map m.</summary>
internal static class RandomExpressions
{
    private static readonly Gen<string> Leaf = CsCheck.Gen.OneOf(
        "0", "1", "-1", "7", "9223372036854775807", "2u", "1.5", "'x'", "''", "'äx'", "true", "false", "null", "a", "b",
            "s",
        "l", "m", "m.k", "m.none", "l[0]", "l[9]", "[]", "{}", "size(l)", "s.size()", "has(m.k)", "has(m.none)");

    public static readonly Gen<string> Gen = Nested(4);

    private static Gen<string> Nested(int depth)
    {
        if (depth == 0)
        {
            return Leaf;
        }

        var below = Nested(depth - 1);
        var binary = CsCheck.Gen.Select(
            below, CsCheck.Gen.OneOf("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"),
                below,
            static (left, sign, right) => $"({left}) {sign} ({right})");
        var condition = CsCheck.Gen.Select(below, below, below, static (c, yes, no) => $"({c}) ? ({yes}) : ({no})");
        var macro = CsCheck.Gen.Select(CsCheck.Gen.OneOf("all", "exists", "exists_one", "map", "filter"), below,
            static (name, body) => $"l.{name}(v, ({body}) == v)");
        var made = CsCheck.Gen.Select(below, below, static (x, y) => $"[{x}, {y}]");
        var map = CsCheck.Gen.Select(below, static x => $"{{'k': {x}}}.k");
        return CsCheck.Gen.OneOf(Leaf, binary, binary, condition, macro, made, map, below.Select(static x => $"!({x})"),
            below.Select(static x => $"-({x})"), below.Select(static x => $"dyn({x})"));
    }
}
