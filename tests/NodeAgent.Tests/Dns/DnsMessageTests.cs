using System.Buffers.Binary;
using System.Net;
using CsCheck;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Dns;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

/// <summary>Bytes from anybody: questions from pods, and replies from whoever can send to a port of ours.</summary>
public sealed class DnsMessageTests
{
    private static readonly ClusterZone Zone = NewZone();

    private static readonly string[] Names =
    [
        "web.default.svc.cluster.local", "_http._tcp.db.default.svc.cluster.local", "db.default.svc.cluster.local",
            "1-2-3-4.default.pod.cluster.local",
        "5.0.96.10.in-addr.arpa", "ring.default.svc.cluster.local", "dns-version.cluster.local", "cluster.local",
            "example.com", "",
    ];

    private static readonly int[] Types = [1, 5, 6, 12, 16, 28, 33, 41, 252, 255];

    private static readonly Gen<string> AnyName = Gen.Int[0, Names.Length - 1].Select(i => Names[i]);

    private static readonly Gen<byte[]> AnyQuery = Gen.Select(AnyName, Gen.Int[0, Types.Length - 1], Gen.Bool).Select(
        (name, type, edns) => DnsQuery.Write(
            new DnsQuestion { Name = name, Type = (DnsType)Types[type], Class = 1, HasEdns = edns, Section = [] }));

    // Some bytes of a valid message are changed, some cut off, some repeated: nearly right is worse than noise.
    private static Gen<byte[]> Mutated(Gen<byte[]> valid) => Gen.Select(
        valid, Gen.Select(Gen.Int[0, 600], Gen.Byte).Array[0, 6], Gen.Int[0, 40], Gen.Byte.Array[0, 20]).Select(
        (bytes, changes, cut, tail) =>
        {
            byte[] message = [.. bytes[..Math.Max(0, bytes.Length - cut)], .. tail];
            foreach (var (at, value) in changes.Where(_ => message.Length > 0))
            {
                message[at % message.Length] = value;
            }

            return message;
        });

    [Fact]
    public void No_question_breaks_the_server() => Gen.OneOf(
        Gen.Byte.Array[0, 120], Gen.Byte.Array[0, 120].Select(
            b => (byte[])[1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. b]), Mutated(AnyQuery)).Check(
        message =>
        {
            var server = new DnsServer(
                Zone, new Forwarder("/nonexistent", [], TimeProvider.System), NullLogger<DnsServer>.Instance);
            var asking = server.AnswerAsync(message, overTcp: false, CancellationToken.None);

            // Nobody is asked who could keep the answer waiting.
            Assert.True(asking.IsCompleted);
            if (asking.Result is { } answer)
            {
                Assert.InRange(answer.Length, 12, 1232);
                Assert.Equal(message[..2], answer[..2]);
                Assert.Equal(0x80, answer[2] & 0x80);
                AssertWhole(answer);
            }
            else
            {
                Assert.True(message.Length < 12 || (message[2] & 0x80) != 0);
            }
        },
        cases: 30_000);

    [Fact]
    public void No_reply_of_a_resolver_breaks_those_who_read_it() => Mutated(
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], AnyName).Select(
            (answers, authority, name) => Reply(name, answers, authority))).Check(
        reply =>
        {
            if (reply.Length < 12)
            {
                return;
            }

            var question = new DnsQuestion { Id = 7, Name = "example.com", Type = DnsType.A, Class = 1,
                Section = [] }.About("example.com");
            Assert.InRange(DnsQuery.ReadAddresses(reply, question).Count, 0, 64);
            foreach (var (_, position) in DnsQuery.Records(reply))
            {
                DnsQuery.LastNumber(reply, position);
            }

            if (reply.Length >= 12 + question.Section.Length)
            {
                Assert.Equal(reply.Length, DnsQuery.Readdress(reply, question, ageSeconds: 5).Length);
            }
        },
        cases: 30_000);

    [Theory]
    [InlineData(new byte[] { 0xc0, 12 }, "a pointer to itself")]
    [InlineData(new byte[] { 1, 97, 0xc0, 12 }, "a name that goes on with its own beginning")]
    [InlineData(new byte[] { 0x40, 97, 0 }, "a length of a kind that does not exist")]
    [InlineData(new byte[] { 63, 97, 0 }, "a label longer than the message")]
    public void Names_that_lead_nowhere_are_format_errors(byte[] name, string why)
    {
        byte[] message = [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name, 0, 1, 0, 1];
        Assert.True(DnsQuestion.Parse(message, out var error) is null && error == DnsCode.FormatError, why);
    }

    [Fact]
    public void Answers_age_and_keep_the_askers_spelling()
    {
        var question = new DnsQuestion { Id = 7, Name = "example.com", Type = DnsType.A, Class = 1,
            Section = [] }.About("ExAmPlE.com");
        var seen = DnsQuery.Readdress(Reply("example.com", 2, 1), question, ageSeconds: 50);
        Assert.Equal(7, BinaryPrimitives.ReadUInt16BigEndian(seen));
        Assert.Equal(question.Section, seen[12..(12 + question.Section.Length)]);
        Assert.All(DnsQuery.Records(seen), r =>
            Assert.Equal(10u, BinaryPrimitives.ReadUInt32BigEndian(seen.AsSpan(r.Position + 4))));
        Assert.All(
            DnsQuery.Records(DnsQuery.Readdress(seen, question, ageSeconds: 50)),
            r => Assert.Equal(r.Type == DnsType.Opt ? 10u : 0u,
                BinaryPrimitives.ReadUInt32BigEndian(DnsQuery.Readdress(seen, question, 50).AsSpan(r.Position + 4))));
    }

    [Fact]
    public void However_many_answers_there_are_they_fit() =>
        Gen.Select(Gen.Int[0, 200], Gen.Int[0, 200], Gen.Int[512, 1232]).Check(
        (answers, additional, limit) =>
        {
            var question = new DnsQuestion { Name = "x.example", Type = DnsType.A, Class = 1, Section = [],
                HasEdns = true }.About("x.example");
            var record = new DnsRecord("x.example", DnsType.A, 30, [1, 2, 3, 4]);
            var message = DnsWriter.Write(
                question,
                new DnsAnswer { Answers = [.. Enumerable.Repeat(record, answers)],
                    Additional = [.. Enumerable.Repeat(record, additional)] },
                limit);
            Assert.InRange(message.Length, 12, limit);
            var told = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6));
            Assert.Equal(told < answers, (message[2] & 2) != 0);
            Assert.True(told == answers || message.Length + 16 > limit);
            AssertWhole(message);
        });

    private static void AssertWhole(byte[] message)
    {
        var count = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)) + BinaryPrimitives.ReadUInt16BigEndian(
            message.AsSpan(8)) +
            BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(10));
        Assert.Equal(count, message.Length == 12 ? 0 : DnsQuery.Records(message).Count);
    }

    private static byte[] Reply(string name, int answers, int authority)
    {
        var question = new DnsQuestion { Name = name, Type = DnsType.A, Class = 1, Section = [] }.About(name);
        return DnsWriter.Write(
            question,
            new DnsAnswer
            {
                Answers = [.. Enumerable.Range(0, answers).Select(
                    i => new DnsRecord(name, DnsType.A, 60, [192, 0, 2, (byte)i]))],
                Authority = [.. Enumerable.Range(0, authority).Select(
                    _ => new DnsRecord("example", DnsType.Soa, 60, [0, 0, .. new byte[20]]))],
            },
            65535);
    }

    private static ClusterZone NewZone()
    {
        var zone = new ClusterZone("cluster.local") { IsLoaded = true };
        zone.Set(ServiceRecords.Of(Service("web", s => s.ClusterIP = "10.96.0.5"), []));
        zone.Set(ServiceRecords.Of(
            Service("ring", s => (s.Type, s.ExternalName) = ("ExternalName", "ring.default.svc.cluster.local")), []));
        zone.Set(ServiceRecords.Of(Service("db", s => s.ClusterIP = "None"), [new V1EndpointSlice
        {
            AddressType = "IPv4",
            Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 80, Protocol = "TCP" }],
            Endpoints = [.. Enumerable.Range(1, 90).Select(
                i => new V1Endpoint { Addresses = [new IPAddress([10, 244, 0, (byte)i]).ToString()] })],
        }]));
        return zone;
    }

    private static V1Service Service(string name, Action<V1ServiceSpec> change)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Name = "http", Port = 80 }] },
        };
        change(service.Spec);
        return service;
    }
}
