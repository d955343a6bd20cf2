using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Api.OpenApi;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>Whatever a document says, its protobuf form says in gnostic's fields.</summary>
public sealed class SwaggerProtobufWriterTests
{
    [Theory]
    [InlineData("""{"swagger":"2.0","info":{"title":"T","version":"1"}}""", "1:'2.0' 2:(1:'T' 2:'1')")]
    [InlineData(
        """{"paths":{"/a":{"get":{"operationId":"i","x-kubernetes-action":"list","deprecated":true}}}}""",
        """8:(2:(1:'/a' 2:(2:(5:'i' 13:(1:'x-kubernetes-action' 2:(2:'"list"')) 11:1))))""")]
    [InlineData(
        """
        {"paths":{"/a":{"parameters":[{"in":"path","name":"n","required":true,"type":"string","uniqueItems":true}]}}}
        """,
        "8:(2:(1:'/a' 2:(9:(1:(2:(4:(2:'path' 4:'n' 1:1 5:'string' 19:1)))))))")]
    [InlineData(
        """
        {"paths":{"/a":{"parameters":[{"in":"query","name":"q","type":"integer","default":3},
        {"$ref":"#/parameters/p"}]}}}
        """,
        "8:(2:(1:'/a' 2:(9:(1:(2:(3:(2:'query' 4:'q' 6:'integer' 10:(2:'3'))))) 9:(2:(1:'#/parameters/p')))))")]
    [InlineData(
        """{"parameters":{"b":{"in":"body","name":"body","schema":{"$ref":"#/definitions/A"}}}}""",
        "10:(1:(1:'b' 2:(1:(3:'body' 2:'body' 5:(1:'#/definitions/A')))))")]
    [InlineData(
        """
        {"paths":{"/a":{"put":{"responses":{"200":{"description":"OK","schema":{"type":"string"}},"x-a":1,
        "404":{"$ref":"r"}}}}}}
        """,
        "8:(2:(1:'/a' 2:(3:(9:(1:(1:'200' 2:(1:(1:'OK' 2:(1:(22:(1:'string')))))) 2:(1:'x-a' 2:(2:'1')) "
            + "1:(1:'404' 2:(2:(1:'r'))))))))")]
    [InlineData(
        """
        {"definitions":{"A":{"type":["object"],"required":["x"],"additionalProperties":true,"enum":["a",1],
        "maxLength":5}}}
        """,
        """9:(1:(1:'A' 2:(22:(1:'object') 19:'x' 21:(2:1) 20:(2:'"a"') 20:(2:'1') 11:5)))""")]
    [InlineData(
        """
        {"definitions":{"A":{"items":{"format":"f"},"properties":{"p":{"additionalProperties":{"type":"t"}}},
        "allOf":[{"title":"x"}]}}}
        """,
        "9:(1:(1:'A' 2:(23:(1:(2:'f')) 25:(1:(1:'p' 2:(21:(1:(22:(1:'t')))))) 24:(3:'x'))))")]
    public void Fields_are_gnostics(string json, string expected)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(expected, Show(SwaggerProtobufWriter.Write(document.RootElement)));
    }

    /// <summary>What reads as a message is one, of which all fields are known; everything else is a text.</summary>
    private static string Show(ReadOnlySpan<byte> message)
    {
        var shown = new List<string>();
        while (!message.IsEmpty)
        {
            var tag = Varint(ref message);
            if ((tag & 7) == 0)
            {
                shown.Add($"{tag >> 3}:{Varint(ref message)}");
                continue;
            }

            Assert.Equal(2ul, tag & 7);
            var length = (int)Varint(ref message);
            shown.Add($"{tag >> 3}:{Value(message[..length])}");
            message = message[length..];
        }

        return string.Join(' ', shown);
    }

    private static string Value(ReadOnlySpan<byte> value) =>
        value.Length > 1 && value[0] % 8 is 2 or 0 && value[0] < 0xff && IsMessage(value)
            ? $"({Show(value)})"
            : $"'{Encoding.UTF8.GetString(value)}'";

    private static bool IsMessage(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty)
        {
            var tag = value[0];
            var rest = value[(tag < 0x80 ? 1 : 2)..];
            if (rest.IsEmpty || (tag & 7) is not (0 or 2))
            {
                return false;
            }

            var size = (tag & 7) == 0 ? 1 : rest[0] + 1;
            if (size > rest.Length || rest[0] >= 0x80)
            {
                return false;
            }

            value = rest[size..];
        }

        return true;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
