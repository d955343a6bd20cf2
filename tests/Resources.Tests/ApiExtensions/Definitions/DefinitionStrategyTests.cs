using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Definitions;

public sealed class DefinitionStrategyTests
{
    private static readonly DefinitionStrategy Strategy = new();

    private const string Properties = "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.n";
    private const string Place = "spec.validation.openAPIV3Schema.properties[spec].properties[n]";

    /// <summary>A field of a schema, and what is wrong with it: where, and in which words.</summary>
    public static TheoryData<string, string> Schemas { get; } = new()
    {
        { """{"type":"string"}""", "" },
        {
            """{"properties":{"x":{"type":"string"}}}""",
            $"{Place}.type: Required value: must not be empty for specified object fields"
        },
        { """{"type":"array"}""", $"{Place}.items: Required value: must be specified" },
        {
            """{"type":"array","items":[{"type":"string"}]}""",
            $"{Place}.items: Forbidden: items must be a schema object and not an array"
        },
        {
            """{"type":"array","items":[],"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]}""",
            $"{Place}.items: Required value: must be specified\n"
            + $"{Place}.items: Invalid value: {{\"Schema\":null,\"JSONSchemas\":[]}}: must only have a single schema "
            + "if x-kubernetes-list-type is map"
        },
        {
            """{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]}""",
            $"{Place}.items: Required value: must be specified\n"
            + $"{Place}.items: Required value: must have a schema if x-kubernetes-list-type is map"
        },
        { """{"$ref":"#/x"}""", $"{Place}.$ref: Forbidden: $ref is not supported" },
        {
            """{"type":"string","default":5}""",
            $"{Place}.default: Invalid value: \"integer\":  in body must be of type string: \"integer\""
        },
        {
            """{"type":"object","properties":{"a":{"type":"string"}},"default":{"b":1}}""",
            $"{Place}.default: Invalid value: {{\"b\":1}}: must not have unknown fields"
        },
        {
            """{"type":"object","x-kubernetes-preserve-unknown-fields":false}""",
            $"{Place}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"
        },
        {
            """{"type":"array","items":{"type":"object"},"x-kubernetes-list-type":"set"}""",
            $"{Place}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with "
            + "x-kubernetes-list-type=set"
        },
        {
            """{"type":"string","not":{"description":"x"}}""",
            $"{Place}.not.description: Forbidden: must be empty to be structural"
        },
        { """{"type":"string","not":{"externalDocs":{"url":"x"},"example":1,"maxLength":1}}""", "" },
        { """{"type":"string","pattern":"a{1000}"}""", "" },
        {
            """{"type":"string","pattern":"a{1001}"}""",
            $"{Place}.pattern: Invalid value: \"a{{1001}}\": must be a valid regular expression, but isn't: "
            + "error parsing regexp: invalid repeat count: `{1001}`"
        },
        {
            """{"type":"string","pattern":"a(?=b)"}""",
            $"{Place}.pattern: Invalid value: \"a(?=b)\": must be a valid regular expression, but isn't: "
            + "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"
        },
        { """{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}""", "" },
        {
            """{"type":"string","x-kubernetes-validations":[{"rule":"true","reason":"X"}]}""",
            $"{Place}.x-kubernetes-validations[0].reason: Unsupported value: \"X\": supported values: "
            + "\"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\""
        },
        {
            """{"type":"string","x-kubernetes-validations":[{"rule":"true","message":" ","messageExpression":" "}]}""",
            $"{Place}.x-kubernetes-validations[0].message: Invalid value: \" \": must be non-empty if specified\n"
            + $"{Place}.x-kubernetes-validations[0].messageExpression: Required value: messageExpression must be "
            + "non-empty if specified"
        },
        {
            """{"type":"string","x-kubernetes-validations":[{"rule":"true","fieldPath":" "}]}""",
            $"{Place}.x-kubernetes-validations[0].fieldPath: Invalid value: \" \": must be non-empty if specified\n"
            + $"{Place}.x-kubernetes-validations[0].fieldPath: Invalid value: \" \": must be a valid path"
        },
        {
            """{"type":"string","x-kubernetes-validations":[{"rule":"true","optionalOldSelf":true},{"rule":"x"}]}""",
            $"{Place}.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is "
            + "not used in rule\n"
            + $"{Place}.x-kubernetes-validations[1].rule: Invalid value: "
            + "{\"Rule\":\"x\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\","
            + "\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in "
            + "container '')\n | x\n | ^"
        },
        {
            """{"type":"string","x-kubernetes-validations":[{"rule":" 1","messageExpression":"2"}]}""",
            $"{Place}.x-kubernetes-validations[0].rule: Invalid value: "
            + "{\"Rule\":\" 1\",\"Message\":\"\",\"MessageExpression\":\"2\",\"Reason\":null,\"FieldPath\":\"\","
            + "\"OptionalOldSelf\":null}: cel expression must evaluate to a bool"
        },
        {
            """{"type":"object","properties":{"a":{"type":"array"},"b":{"type":"array","uniqueItems":true}}}""",
            $"{Place}.properties[a].items: Required value: must be specified\n"
            + $"{Place}.properties[b].items: Required value: must be specified\n"
            + $"{Place}.properties[b].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime "
            + "complexity becomes quadratic"
        },
        {
            """
            {"type":"array","items":{"type":"object","x-kubernetes-map-type":"granular"},
            "x-kubernetes-list-type":"set"}
            """,
            $"{Place}.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with "
            + "x-kubernetes-list-type=set"
        },
        {
            """{"type":"object","properties":{"a":{"type":"string","default":"x"}},"required":["a"],"default":{}}""",
            $"{Place}.default.a: Required value"
        },
        {
            """{"type":"object","properties":{"a":{"type":"integer","default":"x"}},"default":{"a":1}}""",
            $"{Place}.properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\""
        },
        {
            """{"type":"integer","default":0,"x-kubernetes-validations":[{"rule":"self > 0"}]}""",
            $"{Place}.default: Invalid value: 0: failed rule: self > 0"
        },
        { Embedded("name", """{"type":"string","default":"a"}"""), "" },
        {
            Embedded("name", """{"type":"string","default":"a/b"}"""),
            $"{Place}.properties[metadata].properties[name].default: Invalid value: \"a/b\": must result in valid "
            + "metadata: metadata.name: Invalid value: \"a/b\": may not contain '/'"
        },
        {
            Embedded("generation", """{"type":"string","default":"x"}"""),
            $"{Place}.properties[metadata].properties[generation].default: Invalid value: \"x\": must result in valid "
            + "metadata: metadata: Invalid value: {\"generation\":\"x\"}: json: cannot unmarshal string into Go struct "
            + "field ObjectMeta.generation of type int64"
        },
        {
            Embedded("finalizers", """{"type":"array","items":{"type":"string","default":"-"}}"""),
            $"{Place}.properties[metadata].properties[finalizers].items.default: Invalid value: \"-\": must result in "
            + "valid metadata: metadata.finalizers: Invalid value: \"-\": name part must consist of alphanumeric "
            + "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
            + "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        },
        {
            """
            {"type":"object","x-kubernetes-embedded-resource":true,
            "properties":{"kind":{"type":"string","default":"a b"}}}
            """,
            ""
        },
        {
            """
            {"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true,
            "default":{"kind":5}}
            """,
            $"{Place}.default.kind: Invalid value: 5: must be a string"
        },
        {
            """
            {"type":"string","default":"x","x-kubernetes-validations":[{"rule":"oldSelf.hasValue()","message":"m",
            "optionalOldSelf":true}]}
            """,
            $"{Place}.default: Invalid value: \"x\": m"
        },
        {
            """{"type":"string","$schema":"http://json-schema.org/schema#"}""",
            "spec.validation.openAPIV3Schema: Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported"
        },
    };

    /// <summary>An object within that has a field of metadata.</summary>
    private static string Embedded(string field, string schema) =>
        $$$"""
        {"type":"object","x-kubernetes-embedded-resource":true,"properties":{"metadata":{"type":"object",
        "properties":{"{{{field}}}":{{{schema}}} } } } }
        """;

    [Theory]
    [MemberData(nameof(Schemas))]
    public void SchemasAreJudgedInUpstreamsWords(string schema, string wanted) =>
        Assert.Equal(wanted, string.Join('\n', Findings(Definition(Properties, schema))));

    [Theory]
    [InlineData(
        "spec.group",
        "\"nodot\"",
        "metadata.name|spec.group: Invalid value: \"nodot\": should be a domain with at least one dot")]
    [InlineData(
        "spec.scope",
        "\"X\"",
        "spec.scope: Unsupported value: \"X\": supported values: \"Cluster\", \"Namespaced\"")]
    [InlineData(
        "spec.names.listKind",
        "\"Val\"",
        "spec.names.listKind: Invalid value: \"Val\": kind and listKind may not be the same")]
    [InlineData(
        "spec.versions",
        "[]",
        "spec.versions: Invalid value: []: must have exactly one version marked as storage "
        + "version|status.storedVersions: Invalid value: null: must have at least one stored version")]
    [InlineData(
        "spec.versions[0].deprecationWarning",
        "\"x\"",
        "spec.versions[0].deprecationWarning: Invalid value: \"x\": can only be set for deprecated versions")]
    [InlineData(
        "spec.versions[0].subresources",
        "{\"scale\":{}}",
        "spec.subresources.scale.specReplicasPath: Required "
        + "value|spec.subresources.scale.statusReplicasPath: Required value")]
    [InlineData(
        "spec.versions[0].selectableFields",
        "[{\"jsonPath\":\".spec\"}]",
        "spec.selectableFields[0].jsonPath: Invalid value: \".spec\": must point to a field of type "
        + "string, boolean or integer. Enum string fields and strings with formats are allowed.")]
    [InlineData(
        "spec.versions[0].selectableFields",
        "[{\"jsonPath\":\"spec.a\"},{\"jsonPath\":\".spec[a]\"},{\"jsonPath\":\".\"}]",
        "spec.selectableFields[0].jsonPath: Invalid value: \"spec.a\": is an invalid path: expected [ or . but got: "
        + "spec|spec.selectableFields[1].jsonPath: Invalid value: \".spec[a]\": is an invalid path: array notation is "
        + "not allowed|spec.selectableFields[2].jsonPath: Invalid value: \".\": is an invalid path: unexpected end of "
        + "JSON path")]
    [InlineData(
        "spec.versions",
        "[{\"name\":\"v1\",\"served\":false,\"storage\":true}]",
        "spec.versions[0].schema.openAPIV3Schema: Required value")]
    [InlineData(
        "spec.conversion",
        "{\"strategy\":\"X\"}",
        "spec.conversion.strategy: Unsupported value: \"X\": supported values: \"None\", \"Webhook\"")]
    public void FieldsAreJudgedInUpstreamsWords(string field, string value, string wanted)
    {
        var findings = Findings(Definition(field, value))
            .Select(f => f.StartsWith("metadata.name", StringComparison.Ordinal) ? "metadata.name" : f);
        Assert.Equal(wanted, string.Join('|', findings));
    }

    /// <summary>Any field may be missing or null: what is wrong is said, nothing fails.</summary>
    [Fact]
    public void WhateverIsMissingIsAFindingAndNoFailure()
    {
        var whole = Model();
        foreach (var path in Paths(whole, "").ToList())
        {
            var without = whole.DeepClone();
            Set(without, path, null);
            _ = Findings(Read(without)).ToList();
        }
    }

    [Fact]
    public void AnUpdateMayNotChangeWhatObjectsAreStoredBy()
    {
        var old = Definition("spec.names.singular", "\"val\"");
        DefinitionConditions.Set(
            old, DefinitionConditions.Of(DefinitionConditions.Established, true, "x", "y"), DateTime.UnixEpoch);
        var item = Definition("spec.scope", "\"Cluster\"");
        Strategy.PrepareForUpdate(item, old, "");
        var errors = new FieldErrors();
        Strategy.ValidateUpdate(item, old, "", errors);
        Assert.Equal(["spec.scope: Invalid value: \"Cluster\": field is immutable"], Texts(errors));
    }

    /// <summary>As written: not checked before the kind is served, nor where it could not be read before.</summary>
    [Theory]
    [InlineData(null, false, "Cg==", false)]
    [InlineData(null, true, "Cg==", true)]
    [InlineData("Cg==", true, "Zm9v", false)]
    [InlineData(null, true, null, false)]
    public void AuthoritiesOfAWebhookOfAKindThatIsServedCanBeRead(
        string? before, bool isServed, string? after, bool isFinding)
    {
        var (old, item) = (WithWebhook(before), WithWebhook(after));
        if (isServed)
        {
            DefinitionConditions.Set(
                old, DefinitionConditions.Of(DefinitionConditions.Established, true, "x", "y"), DateTime.UnixEpoch);
        }

        Assert.Empty(Findings(WithWebhook(after)));
        Strategy.PrepareForUpdate(item, old, "");
        var errors = new FieldErrors();
        Strategy.ValidateUpdate(item, old, "", errors);
        Assert.Equal(
            !isFinding ? []
                : ["spec.conversion.webhookClientConfig.caBundle: Invalid value: []byte{0xa}: unable to load root "
                    + "certificates: unable to parse bytes as PEM block"],
            Texts(errors));
    }

    private static V1CustomResourceDefinition WithWebhook(string? bundle)
    {
        var client = new JsonObject { ["url"] = "https://example.com/convert" };
        if (bundle is not null)
        {
            client["caBundle"] = bundle;
        }

        return Definition("spec.conversion", new JsonObject
        {
            ["strategy"] = "Webhook",
            ["webhook"] = new JsonObject
            {
                ["clientConfig"] = client, ["conversionReviewVersions"] = new JsonArray("v1"),
            },
        }.ToJsonString());
    }

    [Fact]
    public void AVersionStaysWhileObjectsMayBeStoredInIt()
    {
        var old = Definition("spec.names.singular", "\"val\"");
        var item = Definition("spec.versions[0].name", "\"v2\"");
        Strategy.PrepareForUpdate(item, old, "");
        var errors = new FieldErrors();
        Strategy.ValidateUpdate(item, old, "", errors);
        Assert.Equal(
            ["status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage "
            + "version, and must remain in spec.versions until a storage migration ensures no data remains persisted "
            + "in v1 and removes v1 from status.storedVersions"],
            Texts(errors));
    }

    /// <summary>The status is checked by itself, so that what holds for the whole could be lost.</summary>
    [Fact]
    public void WithAStatusTheRootMayNotSayEverything()
    {
        var model = Model();
        Set(model, "spec.versions[0].subresources", JsonNode.Parse("""{"status":{}}"""));
        Set(model, "spec.versions[0].schema.openAPIV3Schema.minProperties", 1);
        var finding = Assert.Single(Findings(Read(model)));
        Assert.StartsWith(
            "spec.validation.openAPIV3Schema: Invalid value: {\"ID\":\"\",\"Schema\":\"\",\"Ref\":null,", finding,
            StringComparison.Ordinal);
        Assert.Contains("\"MinProperties\":1,\"Required\":null,\"Items\":null,", finding, StringComparison.Ordinal);
        Assert.EndsWith(
            ": only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength "
            + "MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs "
            + "Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the "
            + "status subresource is enabled", finding, StringComparison.Ordinal);
    }

    /// <summary>The whole list of schemas is shown.</summary>
    [Fact]
    public void AListWithKeysHasOneSchema()
    {
        var findings = Findings(Definition(
            Properties,
            """
            {"type":"array","items":[{"type":"string"}],"x-kubernetes-list-type":"map",
            "x-kubernetes-list-map-keys":["k"]}
            """)).ToList();
        Assert.Equal(2, findings.Count);
        Assert.Equal($"{Place}.items: Forbidden: items must be a schema object and not an array", findings[0]);
        Assert.StartsWith(
            $"{Place}.items: Invalid value: {{\"Schema\":null,\"JSONSchemas\":[{{\"ID\":\"\",\"Schema\":\"\",",
            findings[1], StringComparison.Ordinal);
        Assert.EndsWith(
            "}]}: must only have a single schema if x-kubernetes-list-type is map", findings[1],
            StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAVersionSaysOfItsEndIsPrintable()
    {
        var item = Definition("spec.versions[0].deprecationWarning", "\"\u00e9\\n\"");
        item.Spec.Versions[0].Deprecated = true;
        Assert.Equal(
            ["spec.versions[0].deprecationWarning: Invalid value: \"\u00e9\\n\": must only contain printable UTF-8 "
            + "characters; non-printable character found at index 2"],
            Findings(item));
    }

    [Fact]
    public void AStatusMayBringMetadata()
    {
        var old = Definition("spec.names.singular", "\"val\"");
        var item = Definition("spec.scope", "\"Cluster\"");
        item.Metadata.Labels = new Dictionary<string, string> { ["a"] = "b" };
        Strategy.PrepareForUpdate(item, old, "status");
        Assert.Equal(("Namespaced", "b"), (item.Spec.Scope, item.Metadata.Labels["a"]));
    }

    private static IEnumerable<string> Findings(V1CustomResourceDefinition item)
    {
        Strategy.SetDefaults(item);
        Strategy.PrepareForCreate(item);
        var errors = new FieldErrors();
        Strategy.Validate(item, errors);
        _ = Strategy.Warnings(item, null).ToList();
        return Texts(errors);
    }

    private static IEnumerable<string> Texts(FieldErrors errors) => errors.All.Select(e => $"{e.Field}: {e.Message}");

    private static V1CustomResourceDefinition Definition(string path, string value)
    {
        var model = Model();
        Set(model, path, JsonNode.Parse(value));
        var item = Read(model);
        Strategy.SetDefaults(item);
        Strategy.PrepareForCreate(item);
        return item;
    }

    private static V1CustomResourceDefinition Read(JsonNode model) =>
        (V1CustomResourceDefinition)Strategy.Codec.Read(
            Encoding.UTF8.GetBytes(model.ToJsonString()), new JsonDecoding());

    private static JsonNode Model() => JsonNode.Parse(
        """
        {"metadata":{"name":"vals.val.example.com"},"spec":{"group":"val.example.com","scope":"Namespaced",
        "names":{"plural":"vals","singular":"val","kind":"Val","listKind":"ValList"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
        "properties":{"spec":{"type":"object","properties":{"a":{"type":"string"}}}}}}}]}}
        """)!;

    private static IEnumerable<string> Paths(JsonNode? node, string path) => node switch
    {
        JsonObject map => map.Select(p => (p.Value, Path: $"{path}.{p.Key}".TrimStart('.')))
            .SelectMany(p => Paths(p.Value, p.Path).Prepend(p.Path)),
        JsonArray list => list.SelectMany((item, i) => Paths(item, $"{path}[{i}]")),
        _ => [],
    };

    private static void Set(JsonNode root, string path, JsonNode? value)
    {
        var steps = path.Replace("[", ".[", StringComparison.Ordinal).Split('.');
        var owner = steps[..^1].Aggregate(root, static (node, step) =>
            step.StartsWith('[') ? node[int.Parse(step.Trim('[', ']'), CultureInfo.InvariantCulture)]! : node[step]!);
        owner[steps[^1]] = value;
    }
}
