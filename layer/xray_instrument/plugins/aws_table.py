"""Which parameters and answers of which AWS service are recorded, and under which name. Data only.

Only names of resources: no bodies, no items, no messages, no addresses, no object keys (the setting
`capture=object_keys` adds those). The keys are botocore's service ids. A service that is not here follows the
general rule in aws_resources.py. Field names are those of the segment document where it has one (table_name,
queue_url, topic_arn, bucket_name, function_name), else the parameter's in snake case.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Fields = dict[str, str]

# The name that X-Ray shows, where it is not the service id without its spaces (seen in real traces for Events).
NAMES: "Fields" = {"EventBridge": "Events", "SFN": "StepFunctions"}

# Service id to {parameter: field}. A parameter with dots goes into structures; [] takes all items of a list.
PARAMETERS: "dict[str, Fields]" = {
    "API Gateway": {"restApiId": "rest_api_id", "stageName": "stage_name"},
    "AppConfigData": {"ApplicationIdentifier": "application", "ConfigurationProfileIdentifier": "configuration_profile"},
    "AppSync": {"apiId": "api_id"},
    "Athena": {"WorkGroup": "work_group", "QueryExecutionContext.Database": "database"},
    "Batch": {"jobQueue": "job_queue", "jobDefinition": "job_definition", "jobName": "job_name"},
    "Bedrock Agent Runtime": {"agentId": "agent_id", "agentAliasId": "agent_alias_id", "knowledgeBaseId": "knowledge_base_id"},
    "Bedrock Runtime": {"modelId": "model_id", "guardrailIdentifier": "guardrail_id"},
    "CloudFormation": {"StackName": "stack_name"},
    "CloudFront": {"DistributionId": "distribution_id"},
    "CloudWatch": {"Namespace": "metric_namespace", "AlarmNames": "alarm_names"},
    "CloudWatch Logs": {"logGroupName": "log_group_name", "logStreamName": "log_stream_name", "logGroupNames": "log_group_names"},
    "CodeBuild": {"projectName": "project_name"},
    "CodePipeline": {"pipelineName": "pipeline_name", "name": "pipeline_name", "jobId": "job_id"},
    "Cognito Identity": {"IdentityPoolId": "identity_pool_id"},
    "Cognito Identity Provider": {"UserPoolId": "user_pool_id"},
    "Comprehend": {"EndpointArn": "endpoint_arn"},
    "DynamoDB": {
        "TableName": "table_name",
        "IndexName": "index_name",
        "RequestItems{}": "table_names",
        "TransactItems[].*.TableName": "table_names",
        "Statement|sql": "table_name",
        "Statements[].Statement|sql": "table_names",
        "TransactStatements[].Statement|sql": "table_names",
        "TableArn": "table_arn",
        "BackupArn": "backup_arn",
        "GlobalTableName": "table_name",
    },
    "DynamoDB Streams": {"StreamArn": "stream_arn", "TableName": "table_name"},
    "EC2": {"InstanceIds": "instance_ids", "VolumeId": "volume_id"},
    "ECR": {"repositoryName": "repository_name"},
    "ECS": {"cluster": "cluster", "taskDefinition": "task_definition", "service": "service_name"},
    "EFS": {"FileSystemId": "file_system_id"},
    "EKS": {"name": "cluster_name", "clusterName": "cluster_name"},
    "EventBridge": {
        "Entries[].EventBusName": "event_bus_name",
        "EventBusName": "event_bus_name",
        "Name": "rule_name",
        "Rule": "rule_name",
    },
    "Firehose": {"DeliveryStreamName": "delivery_stream_name"},
    "Glue": {"JobName": "job_name", "DatabaseName": "database_name", "TableName": "table_name", "Name": "resource_name"},
    "IAM": {"RoleName": "role_name", "PolicyArn": "policy_arn"},
    "IoT Data Plane": {"topic": "topic", "thingName": "thing_name"},
    "Kinesis": {"StreamName": "stream_name", "StreamARN": "stream_arn", "ConsumerARN": "consumer_arn", "ShardId": "shard_id"},
    "KMS": {"KeyId": "key_id"},
    "Lambda": {"FunctionName": "function_name", "InvocationType": "invocation_type", "Qualifier": "qualifier"},
    "OpenSearch": {"DomainName": "domain_name"},
    "Pipes": {"Name": "pipe_name"},
    "RDS": {"DBInstanceIdentifier": "db_instance_identifier", "DBClusterIdentifier": "db_cluster_identifier"},
    "RDS Data": {"resourceArn": "resource_arn", "database": "database", "schema": "schema"},
    "Redshift Data": {"ClusterIdentifier": "cluster_identifier", "WorkgroupName": "workgroup_name", "Database": "database"},
    "Rekognition": {"CollectionId": "collection_id", "Image.S3Object.Bucket": "bucket_name"},
    "Route 53": {"HostedZoneId": "hosted_zone_id"},
    "S3": {"Bucket": "bucket_name"},
    "S3 Control": {"Bucket": "bucket_name", "Name": "access_point_name"},
    "SageMaker Runtime": {"EndpointName": "endpoint_name", "InferenceComponentName": "inference_component_name"},
    "Scheduler": {"Name": "schedule_name", "GroupName": "schedule_group_name"},
    "Secrets Manager": {"SecretId": "secret_id", "SecretIdList": "secret_ids", "Name": "secret_id"},
    "SES": {"ConfigurationSetName": "configuration_set_name", "Template": "template"},
    "SESv2": {"ConfigurationSetName": "configuration_set_name", "Content.Template.TemplateName": "template"},
    "SFN": {"stateMachineArn": "state_machine_arn", "executionArn": "execution_arn", "activityArn": "activity_arn"},
    "SNS": {"TopicArn": "topic_arn", "TargetArn": "target_arn"},
    "SQS": {"QueueUrl": "queue_url", "QueueName": "queue_name"},
    "SSM": {"Name": "parameter_name", "Names": "parameter_names", "Path": "parameter_path", "DocumentName": "document_name"},
    "STS": {"RoleArn": "role_arn"},
    "Textract": {"Document.S3Object.Bucket": "bucket_name", "DocumentLocation.S3Object.Bucket": "bucket_name"},
    "Timestream Query": {},
    "Timestream Write": {"DatabaseName": "database_name", "TableName": "table_name"},
    "Transcribe": {"TranscriptionJobName": "transcription_job_name"},
    "Translate": {"SourceLanguageCode": "source_language", "TargetLanguageCode": "target_language"},
    "XRay": {"GroupName": "group_name"},
}  # fmt: skip

# Recorded only with capture=object_keys.
KEY_PARAMETERS: "dict[str, Fields]" = {"S3": {"Key": "key", "Prefix": "prefix", "VersionId": "version_id"}}

# Service id to {operation: {member of the answer: field}}; # counts the items.
ANSWERS: "dict[str, dict[str, Fields]]" = {
    "DynamoDB": {
        "Query": {"Count": "count", "ScannedCount": "scanned_count"},
        "Scan": {"Count": "count", "ScannedCount": "scanned_count"},
        "ListTables": {"TableNames#": "table_count"},
    },
    "EventBridge": {"PutEvents": {"FailedEntryCount": "failed_count"}},
    "Firehose": {"PutRecordBatch": {"FailedPutCount": "failed_count"}},
    "Kinesis": {"PutRecords": {"FailedRecordCount": "failed_count"}, "GetRecords": {"Records#": "record_count"}},
    "Lambda": {"Invoke": {"StatusCode": "status_code", "FunctionError": "function_error"}},
    "SFN": {"StartExecution": {"executionArn": "execution_arn"}},
    "SNS": {"Publish": {"MessageId": "message_id"}, "PublishBatch": {"Failed#": "failed_count"}},
    "SQS": {
        "ReceiveMessage": {"Messages#": "message_count"},
        "SendMessage": {"MessageId": "message_id"},
        "SendMessageBatch": {"Failed#": "failed_count", "Successful#": "successful_count"},
        "DeleteMessageBatch": {"Failed#": "failed_count", "Successful#": "successful_count"},
    },
}
