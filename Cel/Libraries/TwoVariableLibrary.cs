using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>Macros with index or key, and value.</summary>
internal static class TwoVariableLibrary
{
    public static CelLibrary Library { get; } = new()
    {
        Macros = Macro.TwoVariables,
        Functions =
        [
            CelFunction.Of("cel.@mapInsert",
                ("@mapInsert_map_key_value", "(map(K, V), K, V) map(K, V)", static a =>
                    Inserted(a[0], [new(a[1], a[2])])),
                ("@mapInsert_map_map", "(map(K, V), map(K, V)) map(K, V)", static a => Inserted(a[0], a[1].AsMap))),
        ],
    };

    private static CelValue Inserted(CelValue map, IEnumerable<KeyValuePair<CelValue, CelValue>> entries)
    {
        var made = new Dictionary<CelValue, CelValue>(map.AsMap);
        foreach (var (key, value) in entries)
        {
            if (!made.TryAdd(key, value))
            {
                return CelValue.OfError($"insert failed: key {key} already exists");
            }
        }

        return CelValue.Of(new LiteralMap(made));
    }
}
