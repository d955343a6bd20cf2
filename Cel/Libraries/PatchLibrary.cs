using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>
/// What mutations are written in: <c>JSONPatch{op: "add", path: "/x", value: 1}</c>, and the escaping of its paths.
/// What an expression makes is a <see cref="CelObject"/> of that type.
/// </summary>
public static class PatchLibrary
{
    public static CelLibrary Library { get; } = new()
    {
        Objects =
        [
            CelSchema.Object("JSONPatch",
            [
                new("op", new CelSchema(CelType.String)),
                new("path", new CelSchema(CelType.String)),
                new("from", new CelSchema(CelType.String)),
                new("value", CelSchema.Dyn),
            ]),
        ],
        Functions =
        [
            CelFunction.Of("jsonpatch.escapeKey", ("string_jsonpatch_escapeKey_string", "(string) string", static a =>
                CelValue.Of(a[0].AsString.Replace("~", "~0", StringComparison.Ordinal)
                    .Replace("/", "~1", StringComparison.Ordinal)))),
        ],
    };
}
