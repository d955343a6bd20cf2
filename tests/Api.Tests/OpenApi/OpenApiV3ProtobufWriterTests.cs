using System.Text.Json;
using OrleansOrchestrator.Api.OpenApi;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>Whatever a document of version 3 says, its protobuf form says in gnostic's fields.</summary>
public sealed class OpenApiV3ProtobufWriterTests
{
    [Theory]
    [InlineData("""{"openapi":"3.0.0","info":{"title":"T","version":"1"}}""", "1:'3.0.0' 2:(1:'T' 6:'1')")]
    [InlineData(
        """{"paths":{"/a":{"get":{"operationId":"i","x-kubernetes-action":"list"}}}}""",
        """4:(1:(1:'/a' 2:(4:(5:'i' 13:(1:'x-kubernetes-action' 2:(2:'"list"'))))))""")]
    [InlineData(
        """{"paths":{"/a":{"parameters":[{"name":"n","in":"query","schema":{"type":"string","uniqueItems":true}}]}}}""",
        "4:(1:(1:'/a' 2:(13:(1:(1:'n' 2:'query' 10:(1:(25:'string' 20:1)))))))")]
    [InlineData(
        """
        {"paths":{"/a":{"put":{"responses":{"200":{"description":"OK","content":{"a/b":{"schema":{"$ref":"#/x"}}}},
        "default":{"description":"no"}}}}}}
        """,
        "4:(1:(1:'/a' 2:(5:(8:(2:(1:'200' 2:(1:(1:'OK' 3:(1:(1:'a/b' 2:(1:(2:(1:'#/x')))))))) 1:(1:(1:'no')))))))")]
    [InlineData(
        """{"paths":{"/a":{"post":{"requestBody":{"required":true,"content":{"*/*":{"schema":{"title":"t"}}}}}}}}""",
        "4:(1:(1:'/a' 2:(6:(7:(1:(3:1 2:(1:(1:'*/*' 2:(1:(1:(9:'t')))))))))))")]
    [InlineData(
        """
        {"components":{"schemas":{"A":{"type":"object","required":["x"],"additionalProperties":false,"default":{},
        "nullable":true}}}}
        """,
        "5:(1:(1:(1:'A' 2:(1:(25:'object' 23:'x' 32:(2:0) 33:'' 1:1)))))")]
    [InlineData(
        """
        {"components":{"schemas":{"A":{"properties":{"p":{"items":{"format":"f"},"default":""}},
        "allOf":[{"$ref":"r"}],"not":{"title":"t"},"additionalProperties":{"default":true}}}}}
        """,
        "5:(1:(1:(1:'A' 2:(1:(31:(1:(1:'p' 2:(1:(30:(1:(1:(35:'f'))) 33:(3:''))))) 26:(2:(1:'r')) 29:(9:'t') "
            + "32:(1:(1:(33:(2:1)))))))))")]
    public void Fields_are_gnostics(string json, string expected)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(expected, MessageText.Show(OpenApiV3ProtobufWriter.Write(document.RootElement)));
    }
}
