using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Protobuf;

public sealed class ProtobufTranscoderTests
{
    private static readonly Type[] Models =
    [
        typeof(V1Pod), typeof(V1Node), typeof(V1Service), typeof(V1Deployment), typeof(V1StatefulSet), typeof(Corev1Event), typeof(V1Lease),
        typeof(V1EndpointSlice), typeof(V1Secret), typeof(V1ConfigMap), typeof(V1SubjectAccessReview), typeof(
            V1ControllerRevision),
        typeof(V1PersistentVolume), typeof(V1Job), typeof(
            V2HorizontalPodAutoscaler), typeof(V1DeleteOptions), typeof(V1NetworkPolicy),
        typeof(V1CustomResourceDefinition), typeof(V1APIService),
    ];

    public static TheoryData<int> Bodies => [.. Enumerable.Range(0, KubectlBody.All.Count)];

    [Theory]
    [MemberData(nameof(Bodies))]
    public void WhatKubectlSendsBecomesTheJsonThatKubectlPrints(int index)
    {
        var body = KubectlBody.All[index];
        var json = Transcode(body.Model, body.Body);
        var (printed, transcoded) = (WithoutNulls(JsonNode.Parse(body.Json)), WithoutNulls(JsonNode.Parse(json)));
        Assert.True(JsonNode.DeepEquals(printed, transcoded), $"{printed}\n{transcoded}");
        Assert.Equal(Reencode(body.Model, Encoding.UTF8.GetBytes(body.Json)), Reencode(body.Model, json));
    }

    [Fact]
    public void ObjectsAtRandomComeThroughWhole()
    {
        Gen.Select(Gen.Int, Gen.Int[0, Models.Length - 1].Select(i => Models[i])).Check(
            (seed, model) =>
            {
                var expected = new JsonObject { ["kind"] = "K", ["apiVersion"] = "v1" };
                var raw = new RandomMessage(new Random(seed))
                    .Make(ProtobufSchema.Find(BuiltInSchema.Of(model))!, expected);
                var actual = JsonNode.Parse(Transcode(model, Envelop(raw)));
                return JsonNode.DeepEquals(expected, actual)
                    ? true
                    : throw new InvalidOperationException($"{expected}\n{actual}");
            },
            cases: 600);
    }

    [Fact]
    public void NoiseIsRefusedOrUnderstoodButNeverBreaksAnything()
    {
        var good = KubectlBody.All.Select(b => (b.Model, b.Body)).Concat(Models.Select((m, i) =>
            (m, Envelop(new RandomMessage(new Random(i)).Make(ProtobufSchema.Find(BuiltInSchema.Of(m))!, [])))))
                .ToArray();
        Gen.Select(Gen.Int, Gen.Int[0, good.Length - 1].Select(i => good[i])).Check(
            (seed, sample) =>
            {
                try
                {
                    var json = Transcode(sample.Item1, Damage(sample.Item2, new Random(seed)));
                    var decoding = new JsonDecoding();
                    ResourceCodec.Encode(ResourceCodec.Read(sample.Item1, json, decoding));
                }
                catch (ProtobufException refused)
                {
                    Assert.NotEmpty(refused.Message);
                }
            },
            cases: 20_000);
    }

    [Theory]
    [InlineData("", "empty data")]
    [InlineData("7b7d", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    [InlineData("6b3873000a", "unexpected EOF")]
    [InlineData("6b3873000a05", "unexpected EOF")]
    [InlineData("6b3873000affffffffffffffffff01", "proto: negative length found during unmarshaling")]
    [InlineData("6b3873000affffffffffffffffffffff", "proto: integer overflow")]
    [InlineData("6b38730002", "proto: illegal tag 0 (wire type 2)")]
    [InlineData("6b3873000f", "proto: illegal wireType 7")]
    [InlineData("6b3873000c", "proto: wiretype end group for non-group")]
    [InlineData("6b3873001001", "proto: wrong wireType = 0 for field Raw")]
    [InlineData("6b38730012021001", "proto: wrong wireType = 0 for field Data")]
    [InlineData("6b38730012022200", "proto: wrong wireType = 2 for field Immutable")]
    [InlineData("6b38730012031203ff", "unexpected EOF")]
    public void MalformedBodiesAreRefusedInUpstreamsWords(string hex, string message) => Assert.Equal(
        message, Assert.Throws<ProtobufException>(() => Transcode(typeof(V1ConfigMap), Convert.FromHexString(hex))).Message);

    [Fact]
    public void GroupsNestedWithoutEndAreCountedNotFollowed()
    {
        var opened = Enumerable.Repeat(RandomMessage.Varint((900 << 3) | 3), 500_000).SelectMany(b => b).ToArray();
        var refused = Assert.Throws<ProtobufException>(() => Transcode(typeof(V1ConfigMap), Envelop(opened)));
        Assert.Equal("unexpected EOF", refused.Message);
    }

    [Fact]
    public void AMessageInPartsIsTheirSum()
    {
        byte[] name = RandomMessage.Tagged(1, RandomMessage.Tagged(1, "n"u8.ToArray()));
        byte[] space = RandomMessage.Tagged(1, RandomMessage.Tagged(3, "s"u8.ToArray()));
        var json = Transcode(typeof(V1ConfigMap), Envelop([.. name, .. RandomMessage.Tagged(4, 1), .. space]));
        Assert.Equal(
            """{"kind":"K","apiVersion":"v1","metadata":{"name":"n","namespace":"s"},"immutable":true}""", Encoding.UTF8.GetString(json));
    }

    [Theory]
    [InlineData("{} , \"x\":1")]
    [InlineData("{")]
    [InlineData("\"")]
    [InlineData(" ")]
    public void RawJsonCannotReachOutOfItsField(string raw)
    {
        var data = RandomMessage.Tagged(2, RandomMessage.Tagged(1, Encoding.UTF8.GetBytes(raw)));
        Assert.Throws<ProtobufException>(() => Transcode(typeof(V1ControllerRevision), Envelop(data)));
    }

    [Fact]
    public void TimesOutsideOfTheCalendarAreRefused()
    {
        var time = RandomMessage.Tagged(8, RandomMessage.Tagged(1, (ulong)long.MaxValue));
        var refused = Assert.Throws<ProtobufException>(
            () => Transcode(typeof(V1ConfigMap), Envelop(RandomMessage.Tagged(1, time))));
        Assert.Equal("Time.MarshalJSON: year outside of range [0,9999]", refused.Message);
    }

    [Fact]
    public void SmallBodiesThatWouldMakeMuchJsonAreRefused()
    {
        // Names of fields are in the JSON alone: each container takes 8 bytes, and 65 there.
        var container = RandomMessage.Tagged(
            2, [.. RandomMessage.Tagged(12, []), .. RandomMessage.Tagged(15, RandomMessage.Tagged(6, 0))]);
        var spec = RandomMessage.Tagged(2, [.. Enumerable.Repeat(container, 900_000).SelectMany(c => c)]);
        var refused = Assert.Throws<ProtobufException>(() => Transcode(typeof(V1Pod), Envelop(spec)));
        Assert.Contains("bytes in JSON", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Envelop(byte[] raw)
    {
        byte[] type = [.. RandomMessage.Tagged(1, "v1"u8.ToArray()), .. RandomMessage.Tagged(2, "K"u8.ToArray())];
        return [.. "k8s\0"u8, .. RandomMessage.Tagged(1, type), .. RandomMessage.Tagged(2, raw), .. RandomMessage.Tagged(3, []), 0x22, 0];
    }

    private static byte[] Damage(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > 4; i--)
        {
            var at = random.Next(4, bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 8)));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 40))));
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] Transcode(Type model, byte[] body)
    {
        var output = new ArrayBufferWriter<byte>();
        ProtobufTranscoder.WriteJson(BuiltInSchema.Of(model), ProtobufEnvelope.Open(body), output);
        return output.WrittenSpan.ToArray();
    }

    private static string Reencode(Type model, byte[] json)
    {
        var decoding = new JsonDecoding();
        var item = ResourceCodec.Read(model, json, decoding);
        Assert.Null(decoding.Error);
        Assert.Empty(decoding.Findings);
        return Encoding.UTF8.GetString(ResourceCodec.Encode(item));
    }

    /// <summary>Null says in Go's JSON what absence says in protobuf.</summary>
    private static JsonNode? WithoutNulls(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject item:
                return new JsonObject(item.Where(p => p.Value is not null).Select(p => KeyValuePair.Create(p.Key, WithoutNulls(p.Value))));
            case JsonArray list:
                return new JsonArray([.. list.Select(WithoutNulls)]);
            default:
                return node?.DeepClone();
        }
    }
}
