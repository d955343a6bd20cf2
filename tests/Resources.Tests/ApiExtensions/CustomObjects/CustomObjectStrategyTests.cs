using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.CustomObjects;

public sealed class CustomObjectStrategyTests
{
    private const string Schema =
        """
        {"type":"object","required":["spec"],"properties":{"spec":{"type":"object",
        "x-kubernetes-preserve-unknown-fields":true,"properties":{"in":{"type":"object",
        "x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}},
        "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true,
        "properties":{"n":{"type":"integer"}}}}}
        """;

    [Theory]
    [InlineData("""{"spec":{"replicas":1}}""", "")]
    [InlineData(
        """{"spec":{"replicas":"x"}}""",
        ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64")]
    [InlineData(
        """{"spec":{"replicas":1.0}}""",
        ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: 1 is of the type float64, expected int64")]
    [InlineData(
        """{"spec":{"replicas":3000000000},"status":{"replicas":-1,"selector":5}}""",
        ".spec.replicas: Invalid value: 3000000000: should be less than or equal to 2147483647|.status.replicas: "
        + "Invalid value: -1: should be a non-negative integer|.status.selector: Invalid value: \"\": "
        + ".status.selector accessor error: 5 is of the type int64, expected string")]
    [InlineData(
        """{"spec":{"in":{"kind":"a b","metadata":{"labels":{"-":"x"}}}}}""",
        "spec.in.apiVersion: Required value: must not be empty|spec.in.kind: Invalid value: \"a b\": may have mixed "
        + "case, but should otherwise match: |spec.in.metadata.labels: Invalid value: \"-\": name part ")]
    public void ObjectsAreJudgedInUpstreamsWords(string item, string wanted)
    {
        var errors = new FieldErrors();
        Strategy().Validate(Read(item), errors);
        var starts = wanted.Split('|');
        Assert.Equal(wanted.Length == 0 ? 0 : starts.Length, errors.Count);
        Assert.All(errors.All.Zip(starts), static f =>
            Assert.StartsWith(f.Second, $"{f.First.Field}: {f.First.Message}", StringComparison.Ordinal));
    }

    /// <summary>Whatever the metadata of an object within is, it is a finding.</summary>
    [Fact]
    public void WhatIsWithinMayBeDeep()
    {
        const int Levels = 100;
        var deep = new string('[', Levels) + new string(']', Levels);
        var item = new CustomObject
        {
            ApiVersion = "e.com/v1", Kind = "Thing", Metadata = new V1ObjectMeta { Name = "o" },
            Body = (JsonObject)JsonTree.Parse(Encoding.UTF8.GetBytes(
                """{"spec":{"in":{"apiVersion":"v1","kind":"A","metadata":{"labels":""" + deep + "}}}}"))!,
        };
        var errors = new FieldErrors();
        Strategy().Validate(item, errors);
        Assert.Equal("spec.in.metadata", Assert.Single(errors.All).Field);
    }

    /// <summary>It is checked as if it were a whole; what its object lacks by now is not its fault.</summary>
    [Fact]
    public void AStatusAnswersForItselfOnly()
    {
        var errors = new FieldErrors();
        Strategy().ValidateUpdate(Read("""{"status":{"n":"x"}}"""), Read("{}"), "status", errors);
        Assert.Equal(
            "status.n: Invalid value: \"string\": n in body must be of type integer: \"string\"",
            string.Join('|', errors.All.Select(static e => $"{e.Field}: {e.Message}")));
    }

    /// <summary>A whole object is never as it was, by its metadata; its parts may be.</summary>
    [Fact]
    public void WhatAWholeObjectLacksIsHeldAgainstEveryUpdate()
    {
        var errors = new FieldErrors();
        Strategy().ValidateUpdate(
            Read("""{"status":{"n":"x"}}"""), Read("""{"status":{"n":"x"}}"""), "", errors);
        Assert.Equal(
            "spec: Required value", string.Join('|', errors.All.Select(static e => $"{e.Field}: {e.Message}")));
    }

    [Fact]
    public void FinalizersThatMayBeSomeoneElsesAreToldOf()
    {
        const string Reason = "to avoid accidental conflicts with other finalizer writers";
        var (item, old) = (Read("{}"), Read("{}"));
        item.Metadata.Finalizers = ["orphan", "old", "e.com", "a", "e.com/a"];
        old.Metadata.Finalizers = ["old"];
        Assert.Equal(
            [
                $"metadata.finalizers: \"a\": prefer a domain-qualified finalizer name {Reason}",
                "metadata.finalizers: \"e.com\": prefer a domain-qualified finalizer name including a path (/) "
                    + Reason,
            ],
            Strategy().Warnings(item, old));
    }

    [Fact]
    public void OnlyMomentsHaveAnAge()
    {
        var columns = new PrinterColumns(
        [
            new V1CustomResourceColumnDefinition { Name = "D", Type = "date", JsonPath = ".spec.d" },
            new V1CustomResourceColumnDefinition { Name = "S", Type = "string", JsonPath = ".spec.s" },
        ]);
        var now = new DateTimeOffset(2001, 1, 2, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal("o|<invalid>|<no value>", Cells("""{"spec":{"d":"2001-01-01","s":null}}"""));
        Assert.Equal("o|24h|", Cells("""{"spec":{"d":"2001-01-01T00:00:00Z"}}"""));

        string Cells(string body) => string.Join('|', columns.Cells(Read(body), now));
    }

    [Fact]
    public void ColumnsEndBeforeThatWhosePathIsNone()
    {
        var columns = new PrinterColumns(
        [
            new V1CustomResourceColumnDefinition { Name = "A", Type = "string", JsonPath = ".spec.a" },
            new V1CustomResourceColumnDefinition { Name = "B", Type = "string", JsonPath = ".spec[" },
            new V1CustomResourceColumnDefinition { Name = "C", Type = "string", JsonPath = ".spec.c" },
        ]);
        Assert.Equal(["Name", "A"], columns.Columns.Select(static c => c.Name));
        var cells = columns.Cells(Read("""{"spec":{"a":"x"}}"""), DateTimeOffset.UnixEpoch);
        Assert.Equal("o|x", string.Join('|', cells));
    }

    private static CustomObjectStrategy Strategy() => new(
        new VersionSchema(
            new SchemaKind("e.com", "v1", "Thing"),
            static () => JsonSchema.Of((V1CustomResourceValidation)ResourceCodec.Read(
                typeof(V1CustomResourceValidation), Encoding.UTF8.GetBytes($"{{\"openAPIV3Schema\":{Schema}}}"),
                new JsonDecoding()))),
        new V1CustomResourceDefinitionVersion
        {
            Name = "v1",
            Subresources = new V1CustomResourceSubresources
            {
                Status = new object(),
                Scale = new V1CustomResourceSubresourceScale
                {
                    SpecReplicasPath = ".spec.replicas", StatusReplicasPath = ".status.replicas",
                    LabelSelectorPath = ".status.selector",
                },
            },
        });

    private static CustomObject Read(string body) => new()
    {
        ApiVersion = "e.com/v1", Kind = "Thing", Metadata = new V1ObjectMeta { Name = "o" },
        Body = (JsonObject)JsonNode.Parse(body)!,
    };
}
