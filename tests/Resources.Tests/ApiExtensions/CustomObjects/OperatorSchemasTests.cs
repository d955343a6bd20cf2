using System.Text;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.CustomObjects;

/// <summary>
/// What the definitions of much-used operators say that others seldom do: each construct is accepted, and makes of an
/// object what upstream makes of it. A case is the schema of a field <c>f</c> of the spec, its value, and what becomes
/// of it: the value, what was dropped, what is found.
/// </summary>
public sealed class OperatorSchemasTests
{
    private const string Listeners = """
        {"type":"array","minItems":1,"maxItems":64,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
        "items":{"type":"object","required":["name","port","protocol"],"properties":{
        "name":{"type":"string","minLength":1,"maxLength":253},"hostname":{"type":"string","maxLength":253},
        "port":{"type":"integer","format":"int32","minimum":1,"maximum":65535},
        "protocol":{"type":"string","minLength":1,"maxLength":255},
        "tls":{"type":"object","properties":{"mode":{"type":"string","default":"Terminate","enum":["Terminate",""]}}}}},
        "x-kubernetes-validations":[{"message":"no tls","rule":
        "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)"},{"message":"unique","rule":
        "self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname)
        && has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))"}]}
        """;

    private const string Addresses = """
        {"type":"array","maxItems":16,"items":{"type":"object","required":["value"],"properties":{
        "type":{"type":"string","default":"IPAddress","maxLength":253,"minLength":1},
        "value":{"type":"string","maxLength":253,"minLength":1}},
        "oneOf":[{"properties":{"type":{"enum":["IPAddress"]},"value":{"anyOf":[{"format":"ipv4"},{"format":"ipv6"}]}}},
        {"properties":{"type":{"not":{"enum":["IPAddress"]}}}}],"x-kubernetes-validations":[{"message":"bad host",
        "rule":"self.type == 'Hostname' ?
        self.value.matches(r\"\"\"^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$\"\"\")
        : true"}]}}
        """;

    private const string Parents = """
        {"type":"array","maxItems":32,"items":{"type":"object","required":["name"],"properties":{
        "group":{"type":"string","default":"gateway.networking.k8s.io","maxLength":253},
        "namespace":{"type":"string","maxLength":63},"name":{"type":"string","maxLength":253},
        "sectionName":{"type":"string","maxLength":253}}},"x-kubernetes-validations":[{"message":"sections","rule":
        "self.all(p1, self.all(p2, p1.group == p2.group && p1.name == p2.name && (((!has(p1.__namespace__)
        || p1.__namespace__ == '') && (!has(p2.__namespace__) || p2.__namespace__ == '')) || (has(p1.__namespace__)
        && has(p2.__namespace__) && p1.__namespace__ == p2.__namespace__ )) ? ((!has(p1.sectionName)
        || p1.sectionName == '') == (!has(p2.sectionName) || p2.sectionName == '')) : true))"}]}
        """;

    private const string Ports = """
        {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["port","protocol"],
        "items":{"type":"object","required":["port"],"properties":{"port":{"type":"integer"},
        "protocol":{"type":"string","default":"TCP"}}}}
        """;

    private const string Amount = """(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))""";

    private const string Quantity = $$"""
        {"anyOf":[{"type":"integer"},{"type":"string"}],"x-kubernetes-int-or-string":true,"pattern":
        "^{{Amount}}(([KMGTPE]i)|[numkMGTPE]|([eE]{{Amount}}))?$"}
        """;

    private const string LoadBalancer = """
        {"type":"object","oneOf":[{"not":{"anyOf":[{"required":["simple"]},{"properties":{"hash":{"oneOf":[
        {"required":["header"]},{"required":["cookie"]}]}},"required":["hash"]}]}},{"required":["simple"]},
        {"properties":{"hash":{"oneOf":[{"required":["header"]},{"required":["cookie"]}]}},"required":["hash"]}],
        "properties":{"simple":{"type":"string","enum":["UNSPECIFIED",""]},"hash":{"type":"object","properties":{
        "header":{"type":"string"},"cookie":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},
        "ttl":{"type":"string","maxLength":16,"x-kubernetes-validations":[{"message":"ttl",
        "rule":"duration(self) >= duration('1ms')"}]}}}}}}}
        """;

    private const string Range = """
        {"type":"object","required":["min","max","unit"],"properties":{"min":{"type":"integer"},
        "max":{"type":"integer"},"unit":{"type":"string","maxLength":9}},"x-kubernetes-validations":[{"rule":"self.min <= self.max",
        "reason":"FieldValueForbidden","fieldPath":".max","message":"unused",
        "messageExpression":"'needs more ' + self.unit"}]}
        """;

    public static TheoryData<string, string, string> Cases { get; } = new()
    {
        {
            Listeners, """[{"name":"a","port":80,"protocol":"HTTP"}]""",
            """[{"name":"a","port":80,"protocol":"HTTP"}]"""
        },
        {
            Listeners, """[{"name":"a","port":443,"protocol":"HTTPS","tls":{}}]""",
            """[{"name":"a","port":443,"protocol":"HTTPS","tls":{"mode":"Terminate"}}]"""
        },
        {
            Listeners,
            """
            [{"name":"a","port":80,"protocol":"HTTP","tls":{"mode":""}},{"name":"b","port":80,"protocol":"HTTP"}]
            """,
            """
            [{"name":"a","port":80,"protocol":"HTTP","tls":{"mode":""}},{"name":"b","port":80,"protocol":"HTTP"}]
            | spec.f: Invalid value: no tls | spec.f: Invalid value: unique
            """
        },
        {
            Listeners, """[{"name":"a","port":1,"protocol":"X"},{"name":"a","port":2,"protocol":"X"}]""",
            """
            [{"name":"a","port":1,"protocol":"X"},{"name":"a","port":2,"protocol":"X"}]
            | spec.f[1]: Duplicate value: {"name":"a"}
            """
        },
        {
            Addresses, """[{"value":"10.0.0.1"},{"type":"Hostname","value":"*.example.com"},{"value":"fd00::1"}]""",
            """
            [{"value":"10.0.0.1","type":"IPAddress"},{"type":"Hostname","value":"*.example.com"},
            {"value":"fd00::1","type":"IPAddress"}]
            """
        },
        {
            Addresses, """[{"type":"Hostname","value":"a..b"}]""",
            """[{"type":"Hostname","value":"a..b"}] | spec.f[0]: Invalid value: bad host"""
        },
        {
            Parents, """[{"name":"a"},{"name":"a","namespace":"","sectionName":"s"}]""",
            """
            [{"name":"a","group":"gateway.networking.k8s.io"},{"name":"a","namespace":"","sectionName":"s",
            "group":"gateway.networking.k8s.io"}]
            | spec.f: Invalid value: sections
            """
        },
        {
            """
            {"type":"array","maxItems":16,"default":[{"matches":[{"path":{"type":"PathPrefix","value":"/"}}]}],"items":
            {"type":"object","properties":{"matches":{"type":"array","maxItems":64,"default":[{"path":{"value":"/"}}],
            "items":{"type":"object","properties":{"path":{"type":"object","default":{"type":"PathPrefix","value":"/"},
            "properties":{"type":{"type":"string","default":"PathPrefix"},"value":{"type":"string","default":"/"}}}}}
            }}},
            "x-kubernetes-validations":[{"message":"many","rule":
            "(self.size() > 0 ? self[0].matches.size() : 0) + (self.size() > 1 ? self[1].matches.size() : 0) <= 2"}]}
            """,
            """[{},{"matches":[{},{}]}]""",
            """
            [{"matches":[{"path":{"value":"/","type":"PathPrefix"}}]},{"matches":[
            {"path":{"type":"PathPrefix","value":"/"}},{"path":{"type":"PathPrefix","value":"/"}}]}]
            | spec.f: Invalid value: many
            """
        },
        {
            Ports, """[{"port":1},{"port":1,"protocol":"UDP"}]""",
            """[{"port":1,"protocol":"TCP"},{"port":1,"protocol":"UDP"}]"""
        },
        {
            Ports, """[{"port":1},{"port":1,"protocol":"TCP"}]""",
            """
            [{"port":1,"protocol":"TCP"},{"port":1,"protocol":"TCP"}]
            | spec.f[1]: Duplicate value: {"port":1,"protocol":"TCP"}
            """
        },
        { Quantity, "5", "5" },
        { Quantity, "\"1.5Gi\"", "\"1.5Gi\"" },
        {
            Quantity, "true",
            """
            true | spec.f: Invalid value: "boolean": spec.f in body must be of type integer,string: "boolean"
            | <nil>: Invalid value: "": "spec.f" must validate at least one schema (anyOf)
            | spec.f: Invalid value: "boolean": spec.f in body must be of type integer: "boolean"
            """
        },
        { LoadBalancer, "{}", "{}" },
        {
            LoadBalancer, """{"hash":{"cookie":{"name":"a","ttl":"5s"}}}""",
            """{"hash":{"cookie":{"name":"a","ttl":"5s"}}}"""
        },
        {
            LoadBalancer, """{"hash":{"cookie":{"name":"a","ttl":"0s"}}}""",
            """{"hash":{"cookie":{"name":"a","ttl":"0s"}}} | spec.f.hash.cookie.ttl: Invalid value: "0s": ttl"""
        },
        {
            LoadBalancer, """{"simple":"","hash":{"header":"h"}}""",
            """
            {"simple":"","hash":{"header":"h"}}
            | <nil>: Invalid value: "": "spec.f" must validate one and only one schema (oneOf).
             Found 2 valid alternatives
            """
        },
        { Range, """{"min":1,"max":2,"unit":"m"}""", """{"min":1,"max":2,"unit":"m"}""" },
        {
            Range, """{"min":3,"max":2,"unit":"m"}""",
            """{"min":3,"max":2,"unit":"m"} | spec.f.max: Forbidden: needs more m"""
        },
        // Any value at all, at a field that has no type.
        { """{"x-kubernetes-preserve-unknown-fields":true}""", """[{"a":[null,1]}]""", """[{"a":[null,1]}]""" },
        { """{"x-kubernetes-preserve-unknown-fields":true,"description":"config"}""", "1.5", "1.5" },
        { """{"type":"object","x-kubernetes-preserve-unknown-fields":true,"nullable":true}""", "null", "null" },
        { """{"type":"string","nullable":true,"default":"x"}""", "null", "null" },
        { """{"type":"string","default":"x"}""", "null", "\"x\"" },
        {
            """{"type":"object","maxProperties":1,"additionalProperties":{"type":"string","nullable":true}}""",
            """{"a":null}""", """{"a":null}"""
        },
        {
            """
            {"type":"object","oneOf":[{"properties":{"icmps":{}},"required":["icmps"]},{"properties":{"ports":{}},
            "required":["ports"]}],"properties":{"icmps":{"type":"string"},"ports":{"type":"string"}}}
            """,
            """{"ports":"a","other":1}""", """{"ports":"a"} | unknown field "spec.f.other" """
        },
        {
            """
            {"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}
            """,
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","none":1},"spec":{"x":1}}""",
            """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"x":1}}
            | unknown field "spec.f.metadata.none"
            """
        },
        {
            """{"type":"integer","format":"int64","minimum":-1,"maximum":9223372036854775807}""",
            "9223372036854775807", "9223372036854775807"
        },
        { """{"type":"integer","maximum":4294967295,"minimum":0}""", "4294967295", "4294967295" },
        {
            """{"type":"string","format":"date-time"}""", "\"2026-01-01T00:00:00\"",
            """
            "2026-01-01T00:00:00"
            | spec.f: Invalid value: "2026-01-01T00:00:00": spec.f in body must be of type date-time:
             "2026-01-01T00:00:00"
            """
        },
        {
            """{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}""", """["a","b","a"]""",
            """["a","b","a"] | spec.f[2]: Duplicate value: "a" """
        },
    };

    /// <summary>A rule on the field, what it is on, and a value that keeps it.</summary>
    public static TheoryData<string, string, string> Rules { get; } = new()
    {
        {
            "self.?port.orValue(0) == 0 && !self.?port.hasValue()",
            """{"type":"object","properties":{"port":{"type":"integer"}}}""",
            "{}"
        },
        {
            "self.?a[?'b'].orValue('') == 'c'",
            """
            {"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"string"}}}}
            """,
            """{"a":{"b":"c"}}"""
        },
        {
            "self.__in__ == 1 && self.a__dash__b == 2 && self.c__dot__d == 3 && self.e__slash__f == 4 && "
                + "self.g__underscores__h == 5",
            """
            {"type":"object","properties":{"in":{"type":"integer"},"a-b":{"type":"integer"},"c.d":{"type":"integer"},
            "e/f":{"type":"integer"},"g__h":{"type":"integer"}}}
            """,
            """{"in":1,"a-b":2,"c.d":3,"e/f":4,"g__h":5}"""
        },
        {
            "self.all(k, v, k.startsWith('a') && v > 0)",
            """{"type":"object","maxProperties":4,"additionalProperties":{"type":"integer"}}""",
            """{"a1":1,"a2":2}"""
        },
        {
            "self.transformList(i, v, i + v).sum() == 4",
            """{"type":"array","maxItems":4,"items":{"type":"integer"}}""",
            "[1,2]"
        },
        {
            "quantity(self).isGreaterThan(quantity('1')) && quantity(self).isInteger()",
            """{"type":"string","maxLength":20}""",
            "\"2\""
        },
        {
            "isQuantity(self) ? quantity(self).compareTo(quantity('1Gi')) == 0 : false",
            """{"x-kubernetes-int-or-string":true}""",
            "\"1024Mi\""
        },
        {
            "isIP(self) && ip(self).family() == 4 && cidr('10.0.0.0/8').containsIP(ip(self))",
            """{"type":"string","maxLength":50}""",
            "\"10.1.1.1\""
        },
        {
            "!format.dns1123Label().validate(self).hasValue()",
            """{"type":"string","maxLength":63}""",
            "\"abc\""
        },
        {
            "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() == 'a.b'",
            """{"type":"string","maxLength":100}""",
            "\"https://a.b:1/c\""
        },
        {
            "isSemver(self) && semver(self).isGreaterThan(semver('1.2.3')) && semver(self).major() == 1",
            """{"type":"string","maxLength":30}""",
            "\"1.10.0\""
        },
        {
            "sets.contains(['a', 'b'], self) && self.isSorted() && self.indexOf('b') == 1",
            """{"type":"array","maxItems":4,"items":{"type":"string","maxLength":4}}""",
            """["a","b"]"""
        },
        {
            "'%s-%s'.format([self.lowerAscii(), 'b']) == 'a-b' && self.replace('A', 'b').trim().split(',').size() "
                + "== 1",
            """{"type":"string","maxLength":4}""",
            "\"A\""
        },
        {
            "self.exists(c, c.type == 'Ready' && (!has(c.status) || c.status in ['True', 'Unknown']))",
            """
            {"type":"array","maxItems":8,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],
            "items":{"type":"object","required":["type"],"properties":{"type":{"type":"string","maxLength":99},
            "status":{"type":"string","maxLength":9}}}}
            """,
            """[{"type":"Ready"}]"""
        },
        {
            "!has(self.a) || self.a.matches('^[a-z]+$') ? size(self.b) <= 3 : false",
            """
            {"type":"object","properties":{"a":{"type":"string","maxLength":9},"b":{"type":"string","maxLength":9}}}
            """,
            """{"b":"é€"}"""
        },
        {
            "self == duration('228h') && self.getHours() == 228",
            """{"type":"string","format":"duration"}""",
            "\"1 week 2Days 12 hours\""
        },
        {
            "self.getHours() == 25 && self < duration('48h')",
            """{"type":"string","format":"duration"}""",
            "\"25h\""
        },
        {
            "self.getFullYear() == 2026 && self < timestamp('2027-01-01T00:00:00Z')",
            """{"type":"string","format":"date-time"}""",
            "\"2026-05-01T00:00:00Z\""
        },
        {
            "dyn(self) == 'x' || type(self) == int && self >= 0",
            """{"x-kubernetes-int-or-string":true}""",
            "3"
        },
        {
            "oldSelf.orValue(self) == self",
            """{"type":"string","maxLength":9}""",
            "\"a\""
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachConstructMeansWhatItMeansUpstream(string schema, string value, string wanted) =>
        Assert.Equal(Parts(wanted), Parts(Outcome(schema, value)));

    [Theory]
    [MemberData(nameof(Rules))]
    public void EachRuleIsAcceptedAndKept(string rule, string schema, string value)
    {
        var optional = rule.Contains("oldSelf", StringComparison.Ordinal) ? ",\"optionalOldSelf\":true" : "";
        var rules = $$"""[{"rule":{{JsonSerializer.Serialize(rule)}}{{optional}} }]""";
        var with = $$"""{{schema[..^1]}},"x-kubernetes-validations":{{rules}} }""";
        Assert.Equal(value, Outcome(with, value));
    }

    [Theory]
    [InlineData(".status.conditions[?(@.type == 'Available')].status", "string", "True")]
    [InlineData(".status.conditions[?(@.type==\"Other\")].status", "string", "")]
    [InlineData(".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']", "string", "mine")]
    [InlineData(".metadata.labels.cluster\\.x-k8s\\.io/cluster-name", "string", "mine")]
    [InlineData(".kind", "string", "Thing")]
    [InlineData(".apiVersion", "string", "e.com/v1")]
    [InlineData(".spec.list", "string", """["a","b"]""")]
    [InlineData(".spec.list[*]", "string", "a")]
    [InlineData(".spec.big", "integer", "9007199254740993")]
    [InlineData(".spec.half", "integer", "1")]
    [InlineData(".spec.half", "number", "1.5")]
    [InlineData(".status.conditions[-1:].type", "string", "Available")]
    public void ColumnsShowWhatTheyLeadTo(string path, string type, string wanted)
    {
        var columns = new PrinterColumns([new() { Name = "C", Type = type, JsonPath = path }]);
        var item = (CustomObject)ResourceCodec.Read(
            typeof(CustomObject),
            """
            {"apiVersion":"e.com/v1","kind":"Thing","metadata":{"name":"o","labels":{"cluster.x-k8s.io/cluster-name":
            "mine"}},"spec":{"list":["a","b"],"big":9007199254740993,"half":1.5},"status":{"conditions":[
            {"type":"Ready","status":"False"},{"type":"Available","status":"True"}]}}
            """u8,
            new JsonDecoding());
        Assert.Equal(wanted, FormattableString.Invariant($"{columns.Cells(item, DateTimeOffset.UnixEpoch)[1]}"));
    }

    /// <summary>Who applies an object may fill maps of anything, and objects that declare no fields.</summary>
    [Theory]
    [InlineData("""{"type":"object","additionalProperties":true}""")]
    [InlineData("""{"type":"object"}""")]
    [InlineData("""{"type":"object","x-kubernetes-map-type":"atomic"}""")]
    [InlineData("""{"type":"object","x-kubernetes-preserve-unknown-fields":true}""")]
    public void MapsOfAnythingAreApplied(string schema)
    {
        var structure = StructuralBuilder.Build(
            new SchemaKind("e.com", "v1", "Thing"),
            JsonSchema.Parse($$"""{"type":"object","properties":{"f":{{schema}} } }"""));
        var live = new OwnedVersion("e.com/v1", structure, Encoding.UTF8.GetBytes("{}"));
        using var applied = JsonDocument.Parse("""{"f":{"a":1,"b":{"c":["d"]}}}""");
        Assert.Equal(
            """{"f":{"a":1,"b":{"c":["d"]}}}""", Encoding.UTF8.GetString(live.Merge(applied.RootElement).Json.Span));
        Assert.Null(TypedValidation.Find(applied.RootElement, live.Type));
    }

    /// <summary>What becomes of a value: it, the fields that were dropped, and the findings.</summary>
    private static string Outcome(string schema, string value)
    {
        var version = Accepted(schema);
        var strategy = new CustomObjectStrategy(
            new VersionSchema(new SchemaKind("e.com", "v1", "Thing"), () => JsonSchema.Of(version.Schema)), version);
        var decoding = new JsonDecoding();
        var item = (CustomObject)strategy.Codec.Read(
            Encoding.UTF8.GetBytes(
                $$"""{"apiVersion":"e.com/v1","kind":"Thing","metadata":{"name":"o"},"spec":{"f":{{value}} } }"""),
            decoding);
        Assert.Null(decoding.Error);
        strategy.SetDefaults(item);
        var errors = new FieldErrors();
        strategy.Validate(item, errors);
        var made = item.Body["spec"]!["f"];
        var shown = made is null ? "null" : Encoding.UTF8.GetString(JsonTree.ToBytes(made).Span);
        return string.Join(
            " | ", decoding.Findings.Concat(errors.All.Select(static e => $"{e.Field}: {e.Message}")).Prepend(shown));
    }

    /// <summary>The version of a definition with the schema, which is found to be good.</summary>
    private static V1CustomResourceDefinitionVersion Accepted(string schema)
    {
        var definition = (V1CustomResourceDefinition)ResourceCodec.Read(
            typeof(V1CustomResourceDefinition),
            Encoding.UTF8.GetBytes(
                $$$"""
                {"metadata":{"name":"things.e.com"},"spec":{"group":"e.com","scope":"Namespaced","names":{"plural":
                "things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{
                "openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
                "f":{{{schema.Replace('\n', ' ')}}} } } } } } } ] } }
                """),
            new JsonDecoding());
        var (rules, errors) = (new DefinitionStrategy(), new FieldErrors());
        rules.SetDefaults(definition);
        rules.PrepareForCreate(definition);
        rules.Validate(definition, errors);
        Assert.Equal("", string.Join('\n', errors.All.Select(static e => $"{e.Field}: {e.Message}")));
        return definition.Spec.Versions[0];
    }

    /// <summary>What a case says, wherever it is broken into lines.</summary>
    private static string[] Parts(string text) =>
        [.. text.Replace("\n", "", StringComparison.Ordinal).Split('|').Select(static l => l.Trim())];
}
