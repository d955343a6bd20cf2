using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A model quantity that carries its parsed amount, so that validation and scheduling need not parse again. Instances
/// are shared.
/// </summary>
public sealed class ParsedQuantity : ResourceQuantity
{
    private const int MaxCached = 4096;
    private const int MaxCachedLength = 32;

    private static readonly ConcurrentDictionary<string, ParsedQuantity> Cache = new(StringComparer.Ordinal);

    // To count a dictionary like this is to lock it.
    private static volatile int _cached;

    private readonly string _text;

    private ParsedQuantity(Quantity quantity, string text)
        : base(quantity.ToDecimal(), 0, ToFormat(quantity.Format))
    {
        Quantity = quantity;
        _text = text;
    }

    public Quantity Quantity { get; }

    public static ParsedQuantity Of(Quantity quantity)
    {
        var text = quantity.ToString();
        if (Cache.TryGetValue(text, out var cached) && cached.Quantity == quantity)
        {
            return cached;
        }

        var created = new ParsedQuantity(quantity, text);
        if (text.Length <= MaxCachedLength && _cached < MaxCached && Cache.TryAdd(text, created))
        {
            Interlocked.Increment(ref _cached);
        }

        return created;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static SuffixFormat ToFormat(QuantityFormat format) => format switch
    {
        QuantityFormat.BinarySI => SuffixFormat.BinarySI,
        QuantityFormat.DecimalExponent => SuffixFormat.DecimalExponent,
        _ => SuffixFormat.DecimalSI,
    };
}

/// <summary>
/// Reads and writes quantities through the cache; replaces the client library's, which is slow and cannot write
/// negative amounts.
/// </summary>
public sealed class QuantityJsonConverter : JsonConverter<ResourceQuantity>
{
    /// <inheritdoc/>
    public override ResourceQuantity? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.Number => NumberText(ref reader),
            _ => Encoding.UTF8.GetString(reader.ValueSpan),
        };
        return Quantity.TryParse(text.Trim(), out var quantity, out var error)
            ? quantity.ToModel()
            : throw new JsonException(error, new FormatException(error));
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ResourceQuantity value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());

    private static string NumberText(ref Utf8JsonReader reader) => reader.HasValueSequence
        ? reader.GetDecimal().ToString(CultureInfo.InvariantCulture)
        : Encoding.UTF8.GetString(reader.ValueSpan);
}

/// <summary>Teaches the client library's serializer our quantities.</summary>
internal static class QuantityModule
{
#pragma warning disable CA2255 // The library's options must be extended before their first use, whoever makes it.
    [ModuleInitializer]
    public static void Register() =>
        KubernetesJson.AddJsonOptions(o => o.Converters.Insert(0, new QuantityJsonConverter()));
#pragma warning restore CA2255
}
