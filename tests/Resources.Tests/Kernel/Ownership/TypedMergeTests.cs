using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

public sealed class TypedMergeTests
{
    /// <summary>The order is that of the configuration; what it does not name stays where it was.</summary>
    [Theory]
    [InlineData("a b c", "b", "a b c")]
    [InlineData("a b c", "c a", "b c a")]
    [InlineData("a b c", "d", "a b c d")]
    [InlineData("a b c d", "d x b", "a c d x b")]
    [InlineData("", "b a", "b a")]
    [InlineData("a b", "x a y b z", "x a y b z")]
    [InlineData("a a b", "b", "a a b")]
    [InlineData("a a b", "a", "a b")]
    public void AKeyedListIsOrderedByTheConfiguration(string live, string applied, string wanted)
    {
        Assert.Equal(wanted, Names(Merge(Containers(live), Containers(applied))));
    }

    [Theory]
    [InlineData("""{"spec":{"nodeSelector":{"a":"1"}}}""", """{"spec":{"nodeSelector":{"b":"2"}}}""",
        """{"spec":{"nodeSelector":{"b":"2"}}}""")]
    [InlineData("""{"metadata":{"labels":{"a":"1"}}}""", """{"metadata":{"labels":{"b":"2"}}}""",
        """{"metadata":{"labels":{"a":"1","b":"2"}}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["c","b"]}}""",
        """{"metadata":{"finalizers":["a","c","b"]}}""")]
    [InlineData("""{"spec":{"tolerations":[{"key":"a"}]}}""", """{"spec":{"tolerations":[{"key":"b"}]}}""",
        """{"spec":{"tolerations":[{"key":"b"}]}}""")]
    [InlineData("""{"spec":{"nodeName":"a"}}""", """{"spec":{"nodeName":null}}""", """{"spec":{"nodeName":null}}""")]
    [InlineData("""{"metadata":{"labels":{"a":"1"}}}""", """{"metadata":{"labels":{}}}""",
        """{"metadata":{"labels":{"a":"1"}}}""")]
    public void PartsMergeAsTheSchemaSays(string live, string applied, string wanted) =>
        Assert.Equal(wanted, Merge(live, applied));

    private static string Merge(string live, string applied)
    {
        using var left = JsonDocument.Parse(live);
        using var right = JsonDocument.Parse(applied);
        var type = OwnedType.Of(BuiltInSchema.Find(new SchemaKind("", "v1", "Pod"))!);
        return Encoding.UTF8.GetString(TypedMerge.Of(left.RootElement, right.RootElement, type).Span);
    }

    private static string Containers(string names)
    {
        var items = names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => $$"""{"name":"{{n}}"}""");
        return $$$"""{"spec":{"containers":[{{{string.Join(',', items)}}}]}}""";
    }

    private static string Names(string json)
    {
        using var document = JsonDocument.Parse(json);
        return string.Join(' ', document.RootElement.GetProperty("spec").GetProperty("containers").EnumerateArray()
            .Select(c => c.GetProperty("name").GetString()));
    }
}
