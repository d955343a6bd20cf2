using System.Text;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>Custom objects say what they are: nothing is assumed of one that does not.</summary>
public sealed class CustomTypeTests
{
    private static readonly ExpectedBody Boat = new(
        new CustomObjectCodec(new VersionSchema(new SchemaKind("h.example.com", "v1", "Boat"), static () => null)),
        "h.example.com/v1", "Boat");

    [Theory]
    [InlineData(
        FieldValidation.Warn, """{"metadata":{"name":"a"}}""",
        """
        the object provided is unrecognized (must be of type Boat): Object 'Kind' is missing in '{"metadata":{"name":"a"}}' ({"metadata":{"name":"a"}})
        """)]
    [InlineData(
        FieldValidation.Ignore, """{"apiVersion":"h.example.com/v2"}""",
        """
        Boat in version "v2" cannot be handled as a Boat: Object 'Kind' is missing in '{"apiVersion":"h.example.com/v2"}'
        """)]
    [InlineData(
        FieldValidation.Ignore, "{}",
        """
        Boat in version "v1" cannot be handled as a Boat: Object 'Kind' is missing in '{}'
        """)]
    [InlineData(
        FieldValidation.Warn, """{"kind":"Boat"}""",
        """
        Boat in version "" cannot be handled as a Boat: /, Kind=Boat is unstructured and is not suitable for converting to "h.example.com/v1"
        """)]
    [InlineData(
        FieldValidation.Warn, """{"kind":"Boat","apiVersion":"i.example.com/v1"}""",
        """
        Boat in version "v1" cannot be handled as a Boat: i.example.com/v1, Kind=Boat is unstructured and is not suitable for converting to "h.example.com/v1"
        """)]
    [InlineData(
        FieldValidation.Warn, """{"kind":"Boat","apiVersion":"h.example.com/v2"}""",
        "the API version in the data (h.example.com/v2) does not match the expected API version (h.example.com/v1)")]
    [InlineData(
        FieldValidation.Warn, """{"kind":"Boat","apiVersion":"a/b/c"}""",
        """
        the object provided is unrecognized (must be of type Boat): unexpected GroupVersion string: a/b/c ({"kind":"Boat","apiVersion":"a ...)
        """)]
    public void OneThatDoesNotIsRefused(FieldValidation validation, string body, string message)
    {
        var refusal = BodyDecoder.Decode(Boat, Encoding.UTF8.GetBytes(body), BodyFormat.Json, validation, []).Error!;
        Assert.Equal((400, message.Trim()), (refusal.Code, refusal.Message));
    }

    [Fact]
    public void OneOfAnotherKindIsInvalid()
    {
        var body = """{"kind":"Ship","apiVersion":"h.example.com/v1","metadata":{"name":"a"}}"""u8.ToArray();
        var refusal = BodyDecoder.Decode(Boat, body, BodyFormat.Json, FieldValidation.Warn, []).Error!;
        Assert.Equal(422, refusal.Code);
        Assert.Equal(
            "Ship.h.example.com \"a\" is invalid: kind: Invalid value: \"Ship\": must be Boat", refusal.Message);
    }

    [Theory]
    [InlineData("""{"kind":null}""", "Object 'Kind' is missing in")]
    [InlineData("""{"apiVersion":null}""", "/, Kind=Boat is unstructured and is not suitable for converting to")]
    [InlineData("""{"apiVersion":"h.example.com/v3"}""", "request to convert CR from an invalid group/version: h.example.com/v3")]
    [InlineData("""{"kind":"Ship"}""", "kind: Invalid value: \"Ship\": must be Boat")]
    public void NorDoesAPatchTakeItAway(string patch, string message)
    {
        var current = """{"kind":"Boat","apiVersion":"h.example.com/v1","metadata":{"name":"a"}}"""u8.ToArray();
        var parsed = ObjectPatch.Parse(PatchKind.Merge, Encoding.UTF8.GetBytes(patch), FieldValidation.Warn);
        var refusal = parsed.Required.Apply(Boat, current, []).Error!;
        Assert.Equal(422, refusal.Code);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }
}
