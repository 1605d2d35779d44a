create database allocation;
create database notifications;
