using System.Reflection;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Protobuf;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Protobuf;

/// <summary>
/// The table of numbers names exactly the fields that are served, which the models all have (and newer ones besides).
/// </summary>
public sealed class ProtobufTableTests
{
    private static readonly Dictionary<string, Type> Models = typeof(V1Pod).Assembly.GetTypes()
        .Where(t => t.Namespace == "k8s.Models").GroupBy(t => t.Name).ToDictionary(g => g.Key, g => g.First());

    [Fact]
    public void EveryServedFieldHasANumberAndEveryNumberAField()
    {
        var wrong = new List<string>();
        foreach (var model in ProtobufTable.Models.Select(n => Models[n]))
        {
            var names = ProtobufTable.Find(model)!.SelectMany(f => f.Names).ToList();
            var properties = TypeFacts.Find(model)!.Fields.Select(f => f.Name).ToHashSet();
            Assert.Subset(PropertiesOf(model), properties);
            if (model.IsAssignableTo(typeof(IKubernetesObject)) && !names.Contains("kind"))
            {
                properties.ExceptWith(["kind", "apiVersion"]);
            }

            properties.SymmetricExceptWith(names);
            wrong.AddRange(properties.Select(p => $"{model.Name}.{p}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void NumbersAreUniqueInAMessage()
    {
        foreach (var model in ProtobufTable.Models.Select(n => Models[n]))
        {
            AssertUnique(ProtobufTable.Find(model)!);
        }
    }

    [Fact]
    public void EveryModelOfTheTableHasAMessageWithAllThatItReaches() =>
        Assert.All(ProtobufTable.Models, name => Assert.True(ProtobufTranscoder.Knows(Models[name])));

    [Fact]
    public void EveryServedKindAndEveryBodyOfItsSubresourcesHasAMessage()
    {
        var bodies = new[] { typeof(V1DeleteOptions), typeof(V1Eviction), typeof(V1Binding), typeof(V1Scale) };
        Assert.All(
            BuiltInResources.Table.All.Select(d => d.Model).Concat(bodies),
            m => Assert.True(ProtobufTranscoder.Knows(m), m.Name));
    }

    /// <summary>A few numbers that everybody knows, so that a table made from the wrong program is noticed.</summary>
    [Theory]
    [InlineData(typeof(V1ObjectMeta), "managedFields", 17)]
    [InlineData(typeof(V1PodSpec), "ephemeralContainers", 34)]
    [InlineData(typeof(V1Container), "securityContext", 15)]
    [InlineData(typeof(V1ServiceSpec), "clusterIPs", 18)]
    [InlineData(typeof(Corev1Event), "reportingInstance", 15)]
    public void KnownNumbers(Type model, string field, int number) =>
        Assert.Equal(number, ProtobufTable.Find(model)!.Single(f => f.Name == field).Number);

    private static HashSet<string> PropertiesOf(Type model) =>
        [.. model.GetProperties().Select(p => p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name).OfType<string>()];

    private static void AssertUnique(IReadOnlyList<ProtobufFieldFacts> fields)
    {
        Assert.Equal(fields.Count, fields.Select(f => f.Number).Distinct().Count());
        foreach (var inlined in fields.Where(f => f.Fields is not null))
        {
            AssertUnique(inlined.Fields!);
        }
    }
}
