using System.Collections.Frozen;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Checking;

/// <summary>A variable an expression may read.</summary>
/// <param name="Index">Its place among the values of an evaluation.</param>
internal sealed record Variable(string Name, CelType Type, int Index);

/// <summary>What names mean in an environment. It never changes; an extended one is another.</summary>
internal sealed record Declarations
{
    private static readonly FrozenDictionary<string, CelType> LanguageTypes = new CelType[]
    {
        CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Bytes, CelType.Timestamp,
        CelType.Duration, CelType.Null, CelType.DynList, CelType.DynMap, CelType.TypeType,
    }.ToFrozenDictionary(static t => t.Name, StringComparer.Ordinal);

    public required FrozenDictionary<string, Variable> Variables { get; init; }

    public required FrozenDictionary<string, CelFunction> Functions { get; init; }

    /// <summary>Opaque types and objects that expressions may name.</summary>
    public required FrozenDictionary<string, CelType> Types { get; init; }

    /// <summary>Constants beside the names of types.</summary>
    public required FrozenDictionary<string, CelValue> Constants { get; init; }

    public required FrozenDictionary<string, CelSchema> Objects { get; init; }

    /// <summary>The name below which short names are looked for first; empty for none.</summary>
    public string Container { get; init; } = "";

    /// <summary>
    /// The name whose types are open: <c>Object</c>, <c>Object.spec</c> …, with any field. Null for none.
    /// </summary>
    public string? OpenRoot { get; init; }

    /// <summary>Whether elements of literals must be of one type.</summary>
    public bool HasUniformLiterals { get; init; }

    /// <summary>The names that a written one can mean, the likeliest first.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.StartsWith('.'))
        {
            yield return name[1..];
            yield break;
        }

        for (var container = Container; container.Length > 0;)
        {
            yield return $"{container}.{name}";
            var dot = container.LastIndexOf('.');
            container = dot < 0 ? "" : container[..dot];
        }

        yield return name;
    }

    public CelType? FindType(string name) => LanguageTypes.GetValueOrDefault(name) ?? Types.GetValueOrDefault(name)
        ?? (IsOpen(name) ? CelType.Object(name) : null);

    /// <summary>Whether a type has any field.</summary>
    public bool IsOpen(string name) => OpenRoot is not null && name.StartsWith(OpenRoot, StringComparison.Ordinal)
        && (name.Length == OpenRoot.Length || name[OpenRoot.Length] == '.');

    public CelFunction? FindFunction(string name)
    {
        foreach (var candidate in Candidates(name))
        {
            if (Functions.TryGetValue(candidate, out var found))
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>What a name is: a variable, or a constant, which the name of a type is too.</summary>
    public Reference? FindName(string name)
    {
        foreach (var candidate in Candidates(name))
        {
            if (Variables.TryGetValue(candidate, out var variable))
            {
                return new Reference { Variable = variable, Type = variable.Type };
            }

            if (FindType(candidate) is { } type)
            {
                return new Reference { Constant = CelValue.Of(type), Type = CelType.TypeOf(type) };
            }

            if (Constants.TryGetValue(candidate, out var constant))
            {
                return new Reference { Constant = constant, Type = constant.Type };
            }
        }

        return null;
    }
}

/// <summary>What a part of an expression turned out to mean.</summary>
internal sealed class Reference
{
    public CelType Type { get; init; } = CelType.Dyn;

    public Variable? Variable { get; init; }

    public CelValue? Constant { get; init; }

    /// <summary>Of a call: the forms it can have, more than one where types are not known.</summary>
    public CelOverload[] Overloads { get; init; } = [];

    /// <summary>Of a call: whether its target was the first part of the function's name.</summary>
    public bool IsQualified { get; init; }

    /// <summary>Of a call: the function's name as declared.</summary>
    public string Function { get; init; } = "";
}
