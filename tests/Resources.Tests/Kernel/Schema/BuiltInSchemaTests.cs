using System.Reflection;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Connections;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Schema;

/// <summary>The table is whole: every fact that a walker asks for is there, and fits the models.</summary>
public sealed class BuiltInSchemaTests
{
    private static readonly Dictionary<string, Type> Models = typeof(V1Pod).Assembly.GetTypes()
        .Where(t => t.Namespace == "k8s.Models")
        .Concat(typeof(ConnectOptions).Assembly.GetTypes().Where(typeof(ConnectOptions).IsAssignableFrom))
        .GroupBy(t => t.Name).ToDictionary(g => g.Key, g => g.First());

    private static readonly ObjectSchema[] WithModel = [.. BuiltInSchema.Objects.Where(o => o.Model is not null)];

    [Fact]
    public void EveryModelOfTheTableHasItsFieldsWithTheTypesThatTheTableSays() => Assert.All(WithModel, schema =>
    {
        var properties = PropertiesOf(Models[schema.Model!]);
        foreach (var field in schema.Fields.Where(f => f.Presence != FieldPresence.Unmodelled))
        {
            Assert.True(properties.TryGetValue(field.Name, out var type), $"{schema} lacks {field.Name}");
            Assert.True(Fits(type!, field.Node), $"{schema}.{field.Name} is {type}");
        }
    });

    /// <summary>The codec binds to the graph: what is missing would throw here.</summary>
    [Fact]
    public void EveryModelIsReadAndWritten() => Assert.All(WithModel, schema =>
    {
        var decoding = new JsonDecoding();
        var item = ResourceCodec.Read(Models[schema.Model!], "{}"u8, decoding);
        Assert.Null(decoding.Error);
        Assert.NotEmpty(ResourceCodec.Encode(item));
    });

    [Fact]
    public void AModelWithoutASchemaFailsInsteadOfReadingAsEmpty() =>
        Assert.Throws<InvariantViolationException>(() => BuiltInSchema.Of(typeof(BuiltInSchemaTests)));

    [Fact]
    public void EveryFieldOfAMessageHasANumberOfItsOwn()
    {
        foreach (var schema in BuiltInSchema.Objects.Where(o => o.HasMessage))
        {
            var fields = schema.Fields.Where(f => f.Presence != FieldPresence.Unmodelled).ToList();
            var isKind = fields.Any(f => f.Name == "apiVersion") && fields.Any(f => f.Name is "metadata" or "kind");
            var numbered = fields.Where(f => f.Numbers.Count > 0).ToList();
            Assert.All(
                fields.Except(numbered),
                f => Assert.True(isKind && f.Name is "kind" or "apiVersion", $"{schema}.{f.Name}"));
            Assert.Equal(numbered.Count, numbered.Select(f => string.Join('.', f.Numbers)).Distinct().Count());
            Assert.NotNull(ProtobufSchema.Find(schema));
        }
    }

    [Fact]
    public void EveryServedKindAndEveryBodyOfItsSubresourcesHasAMessage()
    {
        var bodies = new[] { typeof(V1DeleteOptions), typeof(V1Eviction), typeof(V1Binding), typeof(V1Scale) };
        Assert.All(
            BuiltInResources.Table.All.Select(d => d.Codec.Schema).Concat(bodies.Select(BuiltInSchema.Of)),
            s => Assert.True(s.HasMessage, s.Name));
    }

    /// <summary>A few numbers that everybody knows, so that a table made from the wrong program is noticed.</summary>
    [Theory]
    [InlineData(typeof(V1ObjectMeta), "managedFields", 17)]
    [InlineData(typeof(V1PodSpec), "ephemeralContainers", 34)]
    [InlineData(typeof(V1Container), "securityContext", 15)]
    [InlineData(typeof(V1ServiceSpec), "clusterIPs", 18)]
    [InlineData(typeof(Corev1Event), "reportingInstance", 15)]
    public void KnownNumbers(Type model, string field, int number) =>
        Assert.Equal([number], BuiltInSchema.Of(model).Find(field)!.Numbers);

    /// <summary>Keys are fields of the elements, and so are merge keys, unions and what messages show.</summary>
    [Fact]
    public void WhatNamesFieldsNamesFieldsThatAreThere() => Assert.All(BuiltInSchema.Objects, schema =>
    {
        foreach (var field in schema.Fields)
        {
            Assert.All(field.Keys, key => Assert.NotNull(field.Node.Target!.Find(key)));
            Assert.Equal(field.Topology == Topology.Keyed, field.Keys.Count > 0);
            Assert.True(field.MergeKey is null
                || field.Node.Target!.Find(field.MergeKey) is not null, $"{schema}.{field.Name}");
        }

        Assert.All(schema.Union?.Fields ?? [], name => Assert.NotNull(schema.Find(name)));
        Assert.All(schema.Required, name => Assert.True(schema.Find(name)!.IsRequired));
        Assert.All(
            schema.Internal ?? [],
            i => Assert.Contains(schema.Fields, f => f.Name.Equals(i.JsonName, StringComparison.OrdinalIgnoreCase)));
    });

    [Theory]
    [InlineData("v1", "Pod", true)]
    [InlineData("apps/v1", "StatefulSet", true)]
    [InlineData("apps/v1", "DeleteOptions", true)]
    [InlineData("v1", "ListOptions", true)]
    [InlineData("apps/v1", "Pod", false)]
    [InlineData("apps/v2", "DeleteOptions", false)]
    [InlineData("", "Pod", false)]
    public void KindsThatUpstreamRegisters(string apiVersion, string kind, bool isKnown) =>
        Assert.Equal(isKnown, BuiltInSchema.IsKnown(apiVersion, kind));

    private static Dictionary<string, Type> PropertiesOf(Type model) => model.GetProperties()
        .Select(p => (p.PropertyType, p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name))
        .Where(p => p.Name is not null).ToDictionary(p => p.Name!, p => p.PropertyType);

    private static bool Fits(Type type, SchemaNode node)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return node switch
        {
            ObjectSchema target => type.Name == target.Model,
            AnySchema => type == typeof(object),
            ListSchema list => Is(typeof(IList<>)) && Fits(type.GetGenericArguments()[0], list.Items),
            MapSchema map => Is(typeof(IDictionary<,>)) && Fits(type.GetGenericArguments()[1], map.Values),
            ScalarSchema { Kind: var kind } => type == kind switch
            {
                ScalarKind.String => typeof(string),
                ScalarKind.Boolean => typeof(bool),
                ScalarKind.Int32 => typeof(int),
                ScalarKind.Int64 => typeof(long),
                ScalarKind.Double => typeof(double),
                ScalarKind.Bytes => typeof(byte[]),
                ScalarKind.Quantity => typeof(ResourceQuantity),
                ScalarKind.IntOrString => typeof(IntOrString),
                _ => typeof(DateTime),
            },
            _ => false,
        };

        bool Is(Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;
    }
}
