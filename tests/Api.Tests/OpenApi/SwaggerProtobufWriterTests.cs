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
        Assert.Equal(expected, MessageText.Show(SwaggerProtobufWriter.Write(document.RootElement)));
    }
}
