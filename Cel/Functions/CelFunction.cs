using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Functions;

/// <summary>What a function does. None of the arguments is an error; the result may be one.</summary>
public delegate CelValue CelFunctionBody(ReadOnlySpan<CelValue> arguments);

/// <summary>One form of a function.</summary>
public sealed class CelOverload
{
    internal CelOverload(string function, string id, string signature, CelFunctionBody body)
    {
        Id = id;
        CostRule = CostRules.Of(function, id);
        (IsMember, Arguments, Result) = SignatureText.Parse(signature);
        Body = body;
        Parameters = [.. Arguments.Append(Result).SelectMany(ParametersOf).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Upstream's name of it, by which its cost is known.</summary>
    public string Id { get; }

    /// <summary>Whether it is called on a target, which then is the first argument.</summary>
    public bool IsMember { get; }

    internal CelType[] Arguments { get; }

    internal CelType Result { get; }

    internal string[] Parameters { get; }

    internal CelFunctionBody Body { get; }

    internal CostRule CostRule { get; }

    /// <summary>Whether values may be its arguments, judged by their outer form.</summary>
    internal bool Admits(ReadOnlySpan<CelValue> values)
    {
        if (values.Length != Arguments.Length)
        {
            return false;
        }

        for (var i = 0; i < values.Length; i++)
        {
            if (!Arguments[i].Admits(values[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<string> ParametersOf(CelType type) => type.Kind == CelTypeKind.Parameter
        ? [type.Name]
        : type.Parameters.SelectMany(ParametersOf);
}

/// <summary>A function with all its forms.</summary>
public sealed class CelFunction
{
    private CelFunction(string name, IReadOnlyList<CelOverload> overloads) => (Name, Overloads) = (name, overloads);

    public string Name { get; }

    public IReadOnlyList<CelOverload> Overloads { get; }

    /// <summary>Declares a function.</summary>
    /// <param name="overloads">
    /// Each with its id, its signature (<c>(int, list(A)) bool</c> for a function, <c>string.(int) bool</c> for a
    /// method on strings; names that are no types of the language are opaque types) and what it does.
    /// </param>
    public static CelFunction Of(string name, params (string Id, string Signature, CelFunctionBody Body)[] overloads) =>
        new(name, [.. overloads.Select(o => new CelOverload(name, o.Id, o.Signature, o.Body))]);

    internal CelFunction With(CelFunction more) => new(
        Name, [.. Overloads.Where(o => more.Overloads.All(m => m.Id != o.Id)), .. more.Overloads]);
}
