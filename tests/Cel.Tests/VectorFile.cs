using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>The files that Conformance/generate.cjs makes.</summary>
internal static class VectorFile
{
    public static IEnumerable<Vector> Read(string name)
    {
        using var stream = typeof(VectorFile).Assembly.GetManifestResourceStream($"{name}.jsonl")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            yield return new Vector(JsonDocument.Parse(line).RootElement);
        }
    }
}

/// <summary>One vector: an expression, what is declared and bound, and what it gives.</summary>
internal sealed class Vector(JsonElement json)
{
    public string Name => Text("name");

    public string Expr => Text("expr");

    public string Error => Text("error");

    public string Suite => Text("suite");

    /// <summary>Whether it declares a wrapper, of which Kubernetes has none.</summary>
    public bool HasWrappers => json.GetRawText().Contains("\"wrapper\"", StringComparison.Ordinal);

    public bool DisableCheck => json.TryGetProperty("disableCheck", out var off) && off.GetBoolean();

    public bool CheckOnly => json.TryGetProperty("checkOnly", out var only) && only.GetBoolean();

    public bool ExpectsError => json.TryGetProperty("evalError", out _) || json.TryGetProperty("anyEvalErrors", out _);

    public CelType? DeducedType => json.TryGetProperty("typedResult", out var typed)
        && typed.TryGetProperty("deducedType", out var type) ? TypeOf(type) : null;

    public CelValue? Expected =>
        json.TryGetProperty("value", out var value) ? ValueOf(value)
        : json.TryGetProperty("typedResult", out var typed) && typed.TryGetProperty("result", out value)
            ? ValueOf(value)
        : ExpectsError || CheckOnly ? null
        : CelValue.True;

    /// <summary>The environment with what the vector declares.</summary>
    public CelEnvironment Declare(CelEnvironment environment)
    {
        environment = environment.WithContainer(Text("container"));
        if (!json.TryGetProperty("typeEnv", out var declared))
        {
            return environment;
        }

        foreach (var item in declared.EnumerateArray())
        {
            var name = item.GetProperty("name").GetString()!;
            environment = item.TryGetProperty("ident", out var ident)
                ? environment.WithVariable(name, TypeOf(ident.GetProperty("type")))
                : environment.With(new CelLibrary { Functions = [FunctionOf(name, item.GetProperty("function"))] });
        }

        return environment;
    }

    public CelActivation Bind(CelActivation activation)
    {
        if (json.TryGetProperty("bindings", out var bindings))
        {
            foreach (var binding in bindings.EnumerateObject())
            {
                if (activation.Knows(binding.Name))
                {
                    activation.Set(binding.Name, ValueOf(binding.Value.GetProperty("value")));
                }
            }
        }

        return activation;
    }

    private string Text(string name) => json.TryGetProperty(name, out var text) ? text.GetString()! : "";

    private static CelFunction FunctionOf(string name, JsonElement function) => CelFunction.Of(name,
        [.. function.GetProperty("overloads").EnumerateArray().Select(o => Overload(o))]);

    private static (string, string, CelFunctionBody) Overload(JsonElement overload)
    {
        var taken = overload.TryGetProperty("params", out var p) ? p.EnumerateArray().Select(TypeOf).ToList() : [];
        var isMember = overload.TryGetProperty("isInstanceFunction", out var member) && member.GetBoolean();
        var arguments = string.Join(", ", taken.Skip(isMember ? 1 : 0).Select(Written));
        var result = Written(TypeOf(overload.GetProperty("resultType")));
        return (overload.GetProperty("overloadId").GetString()!,
            $"{(isMember ? Written(taken[0]) + "." : "")}({arguments}) {result}", static _ => CelValue.Null);
    }

    private static string Written(CelType type) => type.IsOptional
        ? $"optional({Written(type.Parameters[0])})"
        : type.ToString();

    private static CelType TypeOf(JsonElement type)
    {
        var property = type.EnumerateObject().First();
        var content = property.Value;
        return property.Name switch
        {
            "dyn" => CelType.Dyn,
            "null" => CelType.Null,
            "primitive" => content.GetString() switch
            {
                "BOOL" => CelType.Bool,
                "INT64" => CelType.Int,
                "UINT64" => CelType.Uint,
                "DOUBLE" => CelType.Double,
                "STRING" => CelType.String,
                _ => CelType.Bytes,
            },
            "wellKnown" => content.GetString() switch
            {
                "TIMESTAMP" => CelType.Timestamp,
                "DURATION" => CelType.Duration,
                _ => CelType.Dyn,
            },
            "listType" => CelType.List(content.TryGetProperty("elemType", out var e) ? TypeOf(e) : CelType.Dyn),
            "mapType" => CelType.Map(TypeOf(content.GetProperty("keyType")), TypeOf(content.GetProperty("valueType"))),
            "type" => content.EnumerateObject().Any() ? CelType.TypeOf(TypeOf(content)) : CelType.TypeType,
            "typeParam" => CelType.Parameter(content.GetString()!),
            "abstractType" => CelType.Opaque(content.GetProperty("name").GetString()!,
                content.TryGetProperty("parameterTypes", out var p) ? [.. p.EnumerateArray().Select(TypeOf)] : []),
            "messageType" => content.GetString() switch
            {
                "google.protobuf.Timestamp" => CelType.Timestamp,
                "google.protobuf.Duration" => CelType.Duration,
                var name => CelType.Object(name!),
            },
            _ => throw new InvalidOperationException($"No type {property.Name}."),
        };
    }

    private static CelValue ValueOf(JsonElement value)
    {
        var property = value.EnumerateObject().First();
        var content = property.Value;
        return property.Name switch
        {
            "nullValue" => CelValue.Null,
            "boolValue" => CelValue.Of(content.GetBoolean()),
            "int64Value" => CelValue.Of(long.Parse(content.GetString()!, CultureInfo.InvariantCulture)),
            "uint64Value" => CelValue.Of(ulong.Parse(content.GetString()!, CultureInfo.InvariantCulture)),
            "doubleValue" => CelValue.Of(content.ValueKind == JsonValueKind.Number ? content.GetDouble()
                : content.GetString() switch
                {
                    "NaN" => double.NaN,
                    "Infinity" => double.PositiveInfinity,
                    _ => double.NegativeInfinity,
                }),
            "stringValue" => CelValue.Of(content.GetString()!),
            "bytesValue" => CelValue.Of(content.GetBytesFromBase64()),
            "typeValue" => CelValue.Of(CelType.Opaque(content.GetString()!)),
            "listValue" => CelValue.Of(CelList.Of(content.TryGetProperty("values", out var v)
                ? [.. v.EnumerateArray().Select(ValueOf)]
                : [])),
            "mapValue" => CelValue.Of(MapOf(content)),
            "objectValue" => ObjectOf(content),
            _ => throw new InvalidOperationException($"No value {property.Name}."),
        };
    }

    private static LiteralMap MapOf(JsonElement content)
    {
        var entries = new Dictionary<CelValue, CelValue>();
        if (content.TryGetProperty("entries", out var listed))
        {
            foreach (var entry in listed.EnumerateArray())
            {
                entries.Add(ValueOf(entry.GetProperty("key")), ValueOf(entry.GetProperty("value")));
            }
        }

        return new LiteralMap(entries);
    }

    private static CelValue ObjectOf(JsonElement content)
    {
        var text = content.GetProperty("value").GetString()!;
        if (content.GetProperty("@type").GetString()!.EndsWith("Timestamp", StringComparison.Ordinal))
        {
            Xunit.Assert.True(CelTimestamp.TryParse(text, out var moment));
            return CelValue.Of(moment);
        }

        Xunit.Assert.True(CelDurations.TryParse(text, out var length));
        return CelValue.OfDuration(length);
    }
}
