using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Protobuf;

public sealed class ProtobufEncoderTests
{
    /// <summary>Every kind of the release that has a message and a model, lists and options among them.</summary>
    private static readonly (ObjectSchema Schema, Type Model)[] Kinds =
    [
        .. BuiltInSchema.Objects.Where(o => o is { Kind: not null, HasMessage: true, Model: not null })
            .Select(o => (o, typeof(V1Pod).Assembly.GetType($"{typeof(V1Pod).Namespace}.{o.Model}")!)),
    ];

    public static TheoryData<int> Bodies => [.. Enumerable.Range(0, KubectlBody.All.Count)];

    [Theory]
    [MemberData(nameof(Bodies))]
    public void WhatKubectlPrintsBecomesTheBytesThatKubectlSends(int index)
    {
        var body = KubectlBody.All[index];
        var message = ProtobufEncoder.Encode(BuiltInSchema.Of(body.Model), Encoding.UTF8.GetBytes(body.Json));
        var envelope = ProtobufEnvelope.Open(body.Body);
        Assert.Equal(Convert.ToHexString(envelope.Raw), Convert.ToHexString(message));
        var whole = new ArrayBufferWriter<byte>();
        var writer = new EnvelopeWriter(envelope.ApiVersion, envelope.Kind);
        writer.Write(whole, message);
        Assert.Equal(Convert.ToHexString(body.Body), Convert.ToHexString(whole.WrittenSpan));
        Assert.Equal(whole.WrittenCount, writer.SizeOf(message.Length));
    }

    [Fact]
    public void ObjectsOfEveryKindComeBackAsTheyWere()
    {
        Assert.True(Kinds.Length > 130, $"{Kinds.Length} kinds");
        Gen.Select(Gen.Int, Gen.Int[0, Kinds.Length - 1]).Check(
            (seed, kind) => ComesBack(Kinds[kind].Schema, Kinds[kind].Model, seed), cases: 4000);
    }

    [Fact]
    public void EveryKindHasItsEmptyObject() =>
        Assert.All(Kinds, kind => ComesBack(kind.Schema, kind.Model, seed: null));

    /// <summary>Numbers and layouts as upstream's <c>generated.proto</c> of apiextensions and its types have
    /// them.</summary>
    [Theory]
    [InlineData("""{"maximum":1.5}""", "49000000000000F83F")]
    [InlineData("""{"additionalProperties":false}""", "F201020800")]
    [InlineData("""{"additionalProperties":true}""", "F201020801")]
    [InlineData("""{"default":{"a":1}}""", "42090A077B2261223A317D")]
    [InlineData("""{"dependencies":{"k":["a","b"]}}""", "82020B0A016B1206120161120162")]
    public void SchemasOfDefinitionsAreWrittenAsUpstreamWritesThem(string json, string part)
    {
        var message = ProtobufEncoder.Encode(BuiltInSchema.Of(typeof(V1JSONSchemaProps)), Encoding.UTF8.GetBytes(json));
        Assert.Contains(part, Convert.ToHexString(message), StringComparison.Ordinal);
    }

    private static bool ComesBack(ObjectSchema schema, Type model, int? seed)
    {
        var raw = seed is { } s ? new RandomMessage(new Random(s)).Make(ProtobufSchema.Find(schema)!, []) : [];
        if (Normalize(schema, model, raw) is not { } json)
        {
            return true;
        }

        // A schema within a definition is kept as it came, so only what this server wrote has all that is always there.
        json = schema.Name.Contains("apiextensions", StringComparison.Ordinal)
            ? Normalize(schema, model, ProtobufEncoder.Encode(schema, json))!
            : json;
        var again = ProtobufEncoder.Encode(schema, json);
        var back = Normalize(schema, model, again);
        Invariant.Check(
            JsonNode.DeepEquals(JsonNode.Parse(json), JsonNode.Parse(back)),
            $"{schema}: {Encoding.UTF8.GetString(json)} came back as {Encoding.UTF8.GetString(back ?? [])}");
        return true;
    }

    /// <summary>The object as the server would store it; null when the server would refuse it.</summary>
    private static byte[]? Normalize(ObjectSchema schema, Type model, byte[] message)
    {
        var wrapped = new ArrayBufferWriter<byte>();
        new EnvelopeWriter("v1", "K").Write(wrapped, message);
        var json = new ArrayBufferWriter<byte>();
        ProtobufTranscoder.WriteJson(schema, ProtobufEnvelope.Open(wrapped.WrittenSpan), json);
        var decoding = new JsonDecoding();
        var item = ResourceCodec.Read(model, json.WrittenSpan, decoding);
        return decoding.Error is null ? ResourceCodec.Encode(item) : null;
    }
}
