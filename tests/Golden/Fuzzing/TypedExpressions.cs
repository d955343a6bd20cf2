using System.Text.RegularExpressions;
using CsCheck;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Expressions that mean something, of a type that is asked for: only what they cost, and what they come upon when they
/// are evaluated, is left to chance.
/// </summary>
internal sealed partial class TypedExpressions
{
    /// <summary>How much more often a name of the environment stands somewhere than another leaf.</summary>
    private const int Weight = 3;

    private readonly IReadOnlyDictionary<string, Gen<string>> _known;

    /// <param name="depth">How often something is made of something made.</param>
    /// <param name="names">What the environment has, by type, besides what every one has.</param>
    public TypedExpressions(int depth, params (string Type, string[] Texts)[] names)
    {
        var own = Enumerable.Repeat(names, Weight).SelectMany(static n => n)
            .SelectMany(static n => n.Texts, static (n, text) => (n.Type, Text: text))
            .ToLookup(static n => n.Type, static n => n.Text, StringComparer.Ordinal);
        var known = TypedForms.Leaves.ToDictionary(
            static l => l.Type, l => Gen.OneOf(l.Texts.Concat(own[l.Type]).ToArray()), StringComparer.Ordinal);
        for (var i = 0; i < depth; i++)
        {
            var below = known;
            known = TypedForms.Made.ToDictionary(
                static m => m.Type,
                m => Gen.OneOf(m.Texts.Select(text => Filled(text, below)).Prepend(below[m.Type]).ToArray()),
                StringComparer.Ordinal);
        }

        _known = known;
    }

    /// <summary>Expressions of a type.</summary>
    public Gen<string> Of(string type) => _known[type];

    private static Gen<string> Filled(string form, IReadOnlyDictionary<string, Gen<string>> below) =>
        Places().Split(form).Select((piece, i) => i % 2 == 0 ? Gen.Const(piece) : below[piece]).Aggregate(
            static (left, right) => Gen.Select(left, right, static (a, b) => a + b));

    [GeneratedRegex("#([a-z]+)")]
    private static partial Regex Places();
}
