using System.Text;
using CsCheck;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Expressions that are mostly well-formed, of which many mean something, and some of which are cut up.
/// </summary>
internal static class RandomExpressions
{
    private const int Depth = 3;

    private static readonly string[] Values =
    [
        "1", "-9223372036854775808", "18446744073709551615u", "1.5", "0.0", "'a'", "'\\u00e9\\n'", "b'\\xff'", "''",
        "true", "null", "[]", "[1, 2, 3]", "['a', 'b']", "{'a': 1}", "{}", "duration('1h')",
        "timestamp('2001-01-01T00:00:00Z')", "quantity('1.5Gi')", "semver('1.2.3-a')", "ip('::1')",
        "cidr('10.0.0.0/8')", "url('https://a:1/b?c=d')", "optional.of(1)", "optional.none()", "type(1)", "x",
    ];

    /// <summary>Ways to make one of others.</summary>
    private static readonly string[] Forms =
    [
        "(A + B)", "(A - B)", "(A * B)", "(A / B)", "(A % B)", "(A == B)", "(A != B)", "(A < B)", "(A >= B)",
        "(A && B)", "(A || B)", "(A in B)", "!(A)", "-(A)", "(A ? B : C)", "A.size()", "size(A)", "A.matches(B)",
        "A.all(x, B)", "A.exists(x, x == B)", "A.exists_one(x, B)", "A.map(x, B)", "A.filter(x, B)",
        "A.map(x, A.map(x, A.map(x, B)))", "A.split(',')", "A.replace('a', B)", "A.join(B)", "string(A)", "int(A)",
        "double(A)", "bytes(A)", "dyn(A)", "has(A.a)", "A[B]", "A.a", "A.?a.orValue(B)", "A[?B].hasValue()",
        "cel.bind(x, A, x == B)", "A.transformMap(k, x, B)", "A.transformList(i, x, B)", "sets.contains(A, B)",
        "A.format([B, C])", "'%s %d %.2f'.format(A)", "A.find('(a+)+$')", "A.sum()", "A.sort()",
        "A.isSorted()", "A.indexOf(B)", "A.substring(B, C)", "A.charAt(B)", "[A, B, C]", "{A: B, 'k': C}",
        "A.isLessThan(B)", "A.add(B)", "isQuantity(A)", "A.getHours()", "A.startsWith(B)", "A.reverse()",
        "A.distinct()", "A.slice(B, C)", "lists.range(A)", "math.greatest(A, B)", "base64.encode(A)", "A.flatten()",
    ];

    /// <summary>Expressions over names of the environment, as texts.</summary>
    public static Gen<string> Over(params string[] names)
    {
        var leaf = Gen.OneOf(Gen.OneOf(names), Gen.OneOf(Values));
        var any = leaf;
        for (var i = 0; i < Depth; i++)
        {
            var inner = any;
            any = Gen.OneOf(leaf, Gen.Select(Gen.OneOf(Forms), inner, inner, inner).Select(Put));
        }

        // What is no truth value is refused at once: half of them become one.
        var whole = Gen.Select(any, any, Gen.Int[0, 3], static (a, b, how) => how switch
        {
            0 => a, 1 => $"dyn({a}) != dyn({b})", 2 => $"string({a}) == string({b})", _ => $"{a} == {b}",
        });
        return Gen.Select(whole, Gen.Int[0, 3], Edits.Some, static (text, how, edits) => how > 0
            ? text
            : Encoding.UTF8.GetString(Edits.InBytes(Encoding.UTF8.GetBytes(text), edits)));
    }

    private static string Put(string form, string a, string b, string c)
    {
        var text = new StringBuilder();
        foreach (var letter in form)
        {
            _ = letter switch
            {
                'A' => text.Append(a),
                'B' => text.Append(b),
                'C' => text.Append(c),
                _ => text.Append(letter),
            };
        }

        return text.ToString();
    }
}
